"""Is this a unified social credit code (统一社会信用代码), and of what kind of body?

Eighteen characters, digits and capital letters without I, O, Z, S, V:

    1      department that registers   1 机构编制  5 民政  9 市场监管  N 农业农村 …
    2      kind of body                within that department
    3–8    division of the registrar   GB/T 2260, digits
    9–17   organisation code           digits and letters
    18     check character             31 minus the weighted sum of the first seventeen, mod 31

Villages carry two different bodies: the committee (村民委员会, 54…) and the economic collective
(农村集体经济组织, N1 组级, N2 村级, N3 乡镇级, N9 其他). They are never interchangeable, so the
kind is told from the code.

>>> parse("n2440203mf0000000h").kind
'村级集体经济组织'
>>> parse("9144030071526726XG").registrar_division
'440300'
"""

import unicodedata
from typing import Final

from assets.errors import InvalidUscc

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
LENGTH: Final = 18

# Kinds that stand in our registers by name; any other pair of characters is accepted without one,
# since departments open new kinds and a real body must never be turned away. 54 and 55 are not in
# the published table; they are what registration certificates of committees show.
_KINDS: Final = {
    "11": "机关",
    "12": "事业单位",
    "13": "群众团体",
    "51": "社会团体",
    "52": "民办非企业单位",
    "53": "基金会",
    "54": "村民委员会",
    "55": "居民委员会",
    "91": "企业",
    "92": "个体工商户",
    "93": "农民专业合作社",
    "N1": "组级集体经济组织",
    "N2": "村级集体经济组织",
    "N3": "乡镇级集体经济组织",
    "N9": "其他农村集体经济组织",
}


class Uscc(str):
    """A checked unified social credit code: eighteen characters in canonical form."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        """Name of the kind of body (机构类别); 其他 where the first two characters have none here."""
        return _KINDS.get(self[:2], "其他")

    @property
    def is_collective(self) -> bool:
        """True for a rural economic collective (农村集体经济组织), registered by agriculture."""
        return self.startswith("N")

    @property
    def is_village_committee(self) -> bool:
        """True for a village committee (村民委员会), registered by civil affairs."""
        return self.startswith("54")

    @property
    def registrar_division(self) -> str:
        """Six-digit division of the registrar; not always where the body sits."""
        return self[2:8]


def parse(text: str) -> Uscc:
    """Read a unified social credit code and return it in canonical form.

    Full-width characters, lower case and surrounding spaces are folded; nothing is guessed.
    依据: GB 32100-2015; 国发〔2015〕33号

    Raises:
        InvalidUscc: Wrong length, character, division or check character.

    >>> parse(" 914402030000000AAX ")
    '914402030000000AAX'
    """
    code = unicodedata.normalize("NFKC", text).strip().upper()
    if len(code) != LENGTH:
        raise InvalidUscc(
            f"统一社会信用代码“{_shown(text)}”应为18位，现为{len(code)}位。请对照登记证书核对。"
        )
    for place, letter in enumerate(code, start=1):
        if letter not in ALPHABET:
            raise InvalidUscc(
                f"统一社会信用代码“{_shown(text)}”第{place}位“{letter}”不是规定字符"
                "（不含I、O、Z、S、V）。请对照登记证书核对。"
            )
    if not code[2:8].isdigit():
        raise InvalidUscc(
            f"统一社会信用代码“{_shown(text)}”第3至8位应为登记机关的行政区划码。请核对。"
        )
    if code[-1] != check_character(code[:-1]):
        raise InvalidUscc(
            f"统一社会信用代码“{_shown(text)}”校验位不符，可能录错一位或两位颠倒。"
            "请对照登记证书核对。"
        )
    return Uscc(code)


def check_character(first_seventeen: str) -> str:
    """Compute the last character from the first seventeen.

    依据: GB 32100-2015

    >>> check_character("914402030000000AA")
    'X'
    """
    weighted = zip(WEIGHTS, first_seventeen, strict=True)
    total = sum(weight * ALPHABET.index(letter) for weight, letter in weighted)
    return ALPHABET[-total % len(ALPHABET)]


def is_valid(text: str) -> bool:
    """Tell whether the text is a unified social credit code.

    依据: GB 32100-2015
    """
    try:
        parse(text)
    except InvalidUscc:
        return False
    return True


def _shown(text: str) -> str:
    return text if len(text) <= 24 else text[:24] + "…"
