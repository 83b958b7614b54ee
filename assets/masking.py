"""Does a text hold somebody's number, and how is it shown without giving it away?

Personal numbers are the resident ID (18 characters), the disability card (20 digits, an ID and two
more), bank cards (16 to 19 digits) and mobile phones (11 digits). They are written together, in
groups, with full-width digits, glued to words.

Three questions, three degrees of suspicion:

- ``mask_id``, ``mask_card``, ``mask_phone``: the column says what the number is.
- ``mask``: a cell is shown in a list of problems; whatever might be a number is hidden, right or
  wrong, because a wrong ID is mostly a right one with a slip.
- ``holds_personal_number``: free text is about to be stored; only what proves to be a number is
  refused, so that a contract number or an asset code passes.

What such a number means (birth date, sex) is none of this file's business.

>>> mask("张某440203199001010001电话13800138000")
'张某44*************001电话138****8000'
>>> mask("资产440203-102-201-2019-A-0001 原值118000000.00元")
'资产440203-102-201-2019-A-0001 原值118000000.00元'
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from assets import uscc
from assets.errors import Refused

ID_LENGTH: Final = 18
DISABILITY_LENGTH: Final = 20
CARD_LENGTHS: Final = range(16, 20)

# A mask that hides less than this hides nothing.
LEAST_HIDDEN: Final = 4
# Shorter rows of digits are codes, dates and amounts; a division code has twelve.
LEAST_SUSPECT: Final = 13
EARLIEST_BIRTH_YEAR: Final = 1900

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"

# A run is digits with at most one space, dash or dot between them. Full stops do not join: they
# are decimal points in the amounts that stand in the same notes.
_SEPARATOR: Final = r"[ \t\u00a0\u2000-\u200b\u2060\u3000\ufeff·\-‐‑‒–—―－−_]"
_RUN: Final = re.compile(
    rf"[0-9]+(?:{_SEPARATOR}{{1,3}}[0-9]+)*(?:{_SEPARATOR}?[Xx](?![A-Za-z0-9]))?"
)
# A credit code, right or wrong, that has a letter before its check character: nobody's ID.
_CREDIT_CODE: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:[1-9](?=[0-9A-Z]{7,15}[A-Z])|[ANY])[0-9]{7}[0-9A-HJ-NP-RTUWXY]{10}"
    r"(?![0-9A-Za-z])"
)

_GROUP: Final = re.compile(r"[0-9]+[Xx]?|[Xx]")
_PIECE: Final = re.compile(r"[0-9]+[Xx]?|[Xx]|[^0-9Xx]+")

_PHONE: Final = re.compile(r"(?:86|086|0086)?1[3-9][0-9]{9}")
_PHONE_SHAPES: Final = ((3, 4, 4), (3, 8), (2, 11), (2, 3, 4, 4), (2, 3, 8))
_ID_SHAPES: Final = ((6, 8, 4), (17, 1), (6, 8, 3, 1), (6, 4, 4, 4), (6, 4, 2, 2, 4))


class PersonalNumberInText(Refused):
    """A free text holds an ID, card or phone number (文字中含个人号码)."""


def mask_id(number: str) -> str:
    """Show a resident ID or disability card number as its first two and last three characters.

    The two digits a disability card adds tell kind and grade of the disability, so they are not
    shown at all.
    依据: 永安市政府网站隐私保护要求; 内部约定 (前二后三, 残疾类别等级不显示)

    >>> mask_id("440203199001010001"), mask_id("44020319900101000143")
    ('44*************001', '44*************001')
    """
    if len(number) == DISABILITY_LENGTH:
        number = number[:ID_LENGTH]
    return _stars(number, 2, 3)


def mask_card(number: str) -> str:
    """Show a bank card or account number as its last four digits.

    依据: 内部约定 (卡号只显示尾号四位)

    >>> mask_card("6228480000000003021")
    '***************3021'
    """
    return _stars(number, 0, 4)


def mask_phone(number: str) -> str:
    """Show a phone number as its first three and last four digits.

    依据: 永安市政府网站隐私保护要求

    >>> mask_phone("13800138000")
    '138****8000'
    """
    return _stars(number, 3, 4)


def mask(text: str) -> str:
    """Hide everything in a text that may be an ID, card or phone number; leave the rest as it is.

    Hidden are runs of 13 and more digits (also in the usual groups) and phone numbers. Division
    codes (12 digits), amounts, dates and credit codes stay, since the clerk has to find the cell.
    依据: 内部约定 (导入问题清单不得出现完整证件号、卡号、手机号)

    >>> mask("6228 4800 0000 0003 021"), mask("440203102204"), mask("N2440203MF0000000H")
    ('***************3021', '440203102204', 'N2440203MF0000000H')
    """
    shown, end = "", 0
    for run in _runs(_fold(text), _credit_code_like):
        shown += text[end : run.start()] + _mask_run(run[0], text[run.start() : run.end()])
        end = run.end()
    return shown + text[end:]


def holds_personal_number(text: str) -> bool:
    """Tell whether a text holds a number that proves to be an ID, a card or a mobile phone.

    An ID proves itself by birth date and check character, wherever it stands in a run of digits; a
    card by its length with either the UnionPay prefix 62 or a right check digit; a phone by its
    length and prefix.
    依据: 个人信息保护法; 内部约定 (自由文字栏不得夹带个人号码)

    >>> holds_personal_number("联系人４４０２０３ １９９００１０１ ０００１")
    True
    >>> holds_personal_number("合同2019-0001，面积1200平方米，文号武农〔2019〕12号")
    False
    """
    return any(_holds(run[0]) for run in _runs(_fold(text), uscc.is_valid))


def refuse_personal_numbers(text: str, field: str) -> None:
    """Refuse a free text that holds a personal number; ``field`` is the column's Chinese name.

    依据: 个人信息保护法; 内部约定 (自由文字栏不得夹带个人号码)

    Raises:
        PersonalNumberInText: The text holds one; the message shows it masked.
    """
    if holds_personal_number(text):
        raise PersonalNumberInText(
            f"“{field}”中含有证件号、银行卡号或手机号（{mask(text)[:60]}）。"
            "请删去号码；个人信息只在户、人名册中登记。"
        )


def resident_check_character(first_seventeen: str) -> str:
    """Compute the eighteenth character of a resident ID from the first seventeen digits.

    It lives here because free text is searched by it; the number as such is read elsewhere.
    依据: GB 11643-1999

    >>> resident_check_character("44020319900101000")
    '1'
    """
    pairs = zip(_WEIGHTS, first_seventeen, strict=True)
    return _CHECKS[sum(weight * int(digit) for weight, digit in pairs) % 11]


def luhn_is_right(digits: str) -> bool:
    """Tell whether a row of digits ends in the check digit of payment cards (Luhn formula).

    依据: 内部约定 (银行卡校验位, 只作提示)

    >>> luhn_is_right("6222020000000000000"), luhn_is_right("6222020000000000001")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled // 10 + doubled % 10
    return total % 10 == 0


def _stars(number: str, head: int, tail: int) -> str:
    """Keep head and tail; a number too short for both shows nothing but stars."""
    hidden = len(number) - head - tail
    if hidden < LEAST_HIDDEN:
        return "*" * len(number)
    return number[:head] + "*" * hidden + number[len(number) - tail :]


def _fold(text: str) -> str:
    """Turn decimal digits of every script into ASCII, one for one, so that positions stay."""
    return "".join(_fold_letter(letter) for letter in text)


def _fold_letter(letter: str) -> str:
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    return {"Ｘ": "X", "ｘ": "x"}.get(letter, letter)


def _runs(folded: str, is_credit_code: Callable[[str], bool]) -> Iterator[re.Match[str]]:
    """Every run of digits that is not part of a credit code."""
    codes = [code.span() for code in _CREDIT_CODE.finditer(folded) if is_credit_code(code[0])]
    for run in _RUN.finditer(folded):
        if not any(first <= run.start() < last for first, last in codes):
            yield run


def _credit_code_like(code: str) -> bool:
    """A slip in a credit code still leaves a credit code, unless a personal number shows in it."""
    return uscc.is_valid(code) or not any(_holds(run[0]) for run in _RUN.finditer(code))


def _holds(run: str) -> bool:
    return any(_proves(groups) for groups in _neighbours(run))


def _groups(run: str) -> list[str]:
    return _GROUP.findall(run)


def _neighbours(run: str) -> Iterator[list[str]]:
    """Every row of neighbouring groups that is not too long to be one number."""
    groups = _groups(run)
    for first in range(len(groups)):
        for last in range(first + 1, len(groups) + 1):
            row = groups[first:last]
            if len(row) > 1 and sum(map(len, row)) > DISABILITY_LENGTH:
                break
            yield row


def _proves(groups: list[str]) -> bool:
    number = "".join(groups).upper()
    # Glued to other digits an ID may begin anywhere; written in groups it fills them exactly.
    starts = range(len(number) - ID_LENGTH + 1) if len(groups) == 1 else range(1)
    if any(_is_id(number[start : start + ID_LENGTH]) for start in starts):
        return len(groups) == 1 or len(number) in (ID_LENGTH, DISABILITY_LENGTH)
    return number.isdigit() and (_is_card(number, groups) or _is_phone(number, groups))


def _is_id(number: str) -> bool:
    if len(number) != ID_LENGTH or not number[:17].isdigit():
        return False
    if resident_check_character(number[:17]) != number[17]:
        return False
    try:
        birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return birth.year >= EARLIEST_BIRTH_YEAR


def _is_card(number: str, groups: list[str]) -> bool:
    if len(number) not in CARD_LENGTHS or not _grouped_as_card(groups):
        return False
    if number.startswith("62"):
        return True
    return number[0] in "3456789" and luhn_is_right(number) and not uscc.is_valid(number)


def _grouped_as_card(groups: list[str]) -> bool:
    """In one piece, in fours with a rest, or the issuer's six digits and a rest."""
    fours = all(len(group) == 4 for group in groups[:-1]) and len(groups[-1]) <= 4
    return len(groups) == 1 or fours or (len(groups) == 2 and len(groups[0]) == 6)


def _is_phone(number: str, groups: list[str]) -> bool:
    grouped = len(groups) == 1 or tuple(map(len, groups)) in _PHONE_SHAPES
    return grouped and _PHONE.fullmatch(number) is not None


def _mask_run(run: str, written: str) -> str:
    """Hide what may be a number in one run of groups, the longest row of groups first.

    ``written`` is the run before folding: what is not hidden stays as the clerk wrote it.
    """
    pieces = _PIECE.findall(run)
    shown, place = "", 0
    while place < len(pieces):
        row = pieces[place:]
        # Groups stand at even places, what separates them between.
        while len(row) > 1 and not _may_be_number(row[::2]):
            row = row[:-2]
        start, length = len("".join(pieces[:place])), len("".join(row))
        as_written = written[start : start + length]
        shown += _mask_groups(row[::2], as_written)
        place += len(row)
        shown += pieces[place] if place < len(pieces) else ""
        place += 1
    return shown


def _may_be_number(groups: list[str]) -> bool:
    number = "".join(groups)
    in_fours = len(number) in range(15, 20) and _grouped_as_card(groups)
    exact_id = len(number) in (ID_LENGTH, DISABILITY_LENGTH) and _proves(groups)
    return (
        exact_id or in_fours or tuple(map(len, groups)) in _ID_SHAPES or _is_phone(number, groups)
    )


def _mask_groups(groups: list[str], as_written: str) -> str:
    number = "".join(groups)
    if len(number) in (ID_LENGTH, DISABILITY_LENGTH):
        return mask_id(number)
    if _is_phone(number, groups):
        return mask_phone(number)
    return mask_card(number) if len(number) >= LEAST_SUSPECT else as_written
