"""Is this the number of a person (居民身份证、残疾人证), and what does it say?

The resident ID has eighteen characters:

    440203 19900101 000 1
    │      │        │   └─ check character, 0–9 or X
    │      │        └───── order of registration, odd for men, even for women
    │      └────────────── date of birth
    └───────────────────── division of first registration

The division is where somebody was first registered, in whatever division existed then: it is
neither the present home nor always a present code, so only its province is checked. A foreigner's
permanent residence card has the same shape with a leading 9 before the province.

The registers of the poor also hold disability card numbers in the same column: twenty digits, the
ID followed by category (1–7) and grade (1–4) of the disability. They count as the same person.

Spreadsheets damage these numbers: they keep fifteen digits and show 4.40203E+17. A damaged number
cannot be repaired, and the last three digits it shows are zeros somebody never had.

>>> person = parse("44020319700608000x")
>>> person.birth_date, person.sex, person.area
(datetime.date(1970, 6, 8), '女', '440203')
>>> person
IdNumber('44*************00X')
"""

import re
import unicodedata
from datetime import date
from typing import Final

from assets import deadlines
from assets.divisions import PROVINCES
from assets.errors import InvalidIdNumber
from assets.masking import (
    DISABILITY_LENGTH,
    EARLIEST_BIRTH_YEAR,
    ID_LENGTH,
    mask_id,
    resident_check_character,
)

# A spreadsheet keeps fifteen significant digits; whatever follows becomes zero.
_KEPT_DIGITS: Final = 15

_SCIENTIFIC: Final = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]{2}")
_NUMBER: Final = re.compile(r"[0-9]{17}[0-9X](?:[1-7][1-4])?")

# Codes of provinces as they stand at the front of an ID; 83 is the residence permit of Taiwan.
_AREAS: Final = PROVINCES | {"83"}
_FOREIGNER: Final = "9"


class DamagedBySpreadsheet(InvalidIdNumber):
    """The cell was numeric and lost its last digits (被表格损坏); the number must be typed again."""


class IdNumber(str):
    """A checked number of a person: 18 or 20 characters in canonical form.

    Being text it can be stored and compared; its ``repr`` shows the mask only, so that no
    traceback or log gives it away.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"IdNumber({mask_id(self)!r})"

    @property
    def core(self) -> str:
        """The eighteen characters that tell the person apart; the same for both cards."""
        return str(self[:ID_LENGTH])

    @property
    def area(self) -> str:
        """Six-digit division of first registration; may have been abolished since."""
        return str(self[:6])

    @property
    def birth_date(self) -> date:
        """Day of birth."""
        return date(int(self[6:10]), int(self[10:12]), int(self[12:14]))

    @property
    def sex(self) -> str:
        """男 or 女, by the order number."""
        return "男" if int(self[16]) % 2 else "女"

    @property
    def is_disability_card(self) -> bool:
        """True for a twenty-digit disability card number (残疾人证号)."""
        return len(self) == DISABILITY_LENGTH

    @property
    def masked(self) -> str:
        """What a notice may show."""
        return mask_id(self)

    def age_on(self, day: date) -> int:
        """Full years completed on a day; a birthday counts from its own day.

        >>> parse("440203198402290003").age_on(date(2023, 2, 28))
        38
        """
        birth = self.birth_date
        return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def parse(text: str, on: date | None = None) -> IdNumber:
    """Read a resident ID or disability card number and return it in canonical form.

    Full-width characters, a small x and surrounding spaces are folded. ``on`` is the day as of
    which nobody may be unborn; without it, the end of the last year whose calendar is recorded.
    依据: GB 11643-1999; 内部约定 (证件号栏也登记20位残疾人证号)

    Raises:
        DamagedBySpreadsheet: The text shows the marks of a numeric cell.
        InvalidIdNumber: Wrong length, character, province, birth date or check character; the
            message shows the mask only.

    >>> parse("44020319900101000143").core
    '440203199001010001'
    >>> parse("440203199001010002")
    Traceback (most recent call last):
    assets.errors.InvalidIdNumber: 证件号码“44*************002”校验位不符，可能录错一位。请对照身份证核对。
    """
    number = unicodedata.normalize("NFKC", text).strip().upper()
    if _SCIENTIFIC.fullmatch(number):
        raise DamagedBySpreadsheet(_damaged(number))
    if "*" in number:
        raise InvalidIdNumber("证件号码是打了星号的脱敏号，不能登记。请填写完整号码。")
    shown = mask_id(number)
    if len(number) == _KEPT_DIGITS and number.isdigit():
        raise InvalidIdNumber(f"证件号码“{shown}”是15位旧号，早已停用。请改填18位号码。")
    if len(number) not in (ID_LENGTH, DISABILITY_LENGTH):
        raise InvalidIdNumber(
            f"证件号码“{shown}”应为18位（残疾人证20位），现为{len(number)}位。请核对。"
        )
    if _NUMBER.fullmatch(number) is None:
        raise InvalidIdNumber(
            f"证件号码“{shown}”含有不该有的字符：前17位为数字，第18位为数字或X，"
            "残疾人证末两位为类别1—7、等级1—4。请核对。"
        )
    _check_person(number, shown, _horizon(on))
    return IdNumber(number)


def parse_cell(value: object, on: date | None = None) -> IdNumber:
    """Read a number from a spreadsheet cell as it was stored, text or not.

    A numeric cell never holds a whole ID, whatever it shows.
    依据: GB 11643-1999; 内部约定 (证件号列须为文本, 数值单元格视为被表格损坏)

    Raises:
        DamagedBySpreadsheet: The cell is numeric, or shows the marks of having been so.
        InvalidIdNumber: As ``parse``.

    >>> parse_cell(440203199001010001)
    Traceback (most recent call last):
    ledger.idnumber.DamagedBySpreadsheet: 证件号码“44*************001”被表格当作数字，末几位已丢失，无法还原。请把该列设为文本格式后，对照身份证重新录入。
    """
    if isinstance(value, str):
        return parse(value, on)
    if is_damaged(value):
        raise DamagedBySpreadsheet(_damaged(_digits(value)))
    raise InvalidIdNumber("证件号码栏不是文本。请把该列设为文本格式，填写18位号码。")


def is_damaged(value: object) -> bool:
    """Tell whether a cell shows an ID that a spreadsheet took for a number.

    Any numeric cell; a text such as 4.40203E+17; eighteen digits ending in three zeros whose check
    character is wrong, or one that decimals were appended to (….0).
    依据: 内部约定 (数值单元格只保留15位有效数字)

    >>> is_damaged(4.4020319900101e17), is_damaged("4.40203E+17"), is_damaged("440203199001010001")
    (True, True, False)
    """
    if isinstance(value, int | float):
        return not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    number = unicodedata.normalize("NFKC", value).strip().upper()
    if _SCIENTIFIC.fullmatch(number) or re.fullmatch(r"[0-9]{15,20}\.0*", number):
        return True
    lost = re.fullmatch(r"[0-9]{15}000", number) is not None
    return lost and resident_check_character(number[:17]) != number[17]


def check_character(first_seventeen: str) -> str:
    """Compute the last character of a resident ID from the first seventeen digits.

    依据: GB 11643-1999

    >>> check_character("44020319700608000")
    'X'
    """
    return resident_check_character(first_seventeen)


def is_valid(text: str, on: date | None = None) -> bool:
    """Tell whether the text is a resident ID or disability card number.

    依据: GB 11643-1999
    """
    try:
        parse(text, on)
    except InvalidIdNumber:
        return False
    return True


def _check_person(number: str, shown: str, latest_birth: date) -> None:
    province = number[1:3] if number.startswith(_FOREIGNER) else number[:2]
    if province not in _AREAS:
        raise InvalidIdNumber(f"证件号码“{shown}”前六位不是行政区划代码。请对照身份证核对。")
    try:
        birth = IdNumber(number).birth_date
    except ValueError:
        raise InvalidIdNumber(f"证件号码“{shown}”中的出生日期不存在。请对照身份证核对。") from None
    if birth.year < EARLIEST_BIRTH_YEAR or birth > latest_birth:
        raise InvalidIdNumber(f"证件号码“{shown}”中的出生日期过早或尚未到来。请对照身份证核对。")
    if resident_check_character(number[:17]) != number[17]:
        if is_damaged(number):
            raise DamagedBySpreadsheet(_damaged(number))
        raise InvalidIdNumber(f"证件号码“{shown}”校验位不符，可能录错一位。请对照身份证核对。")


def _horizon(on: date | None) -> date:
    return on if on is not None else date(deadlines.last_known_year(), 12, 31)


def _digits(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float) else str(value)


def _damaged(number: str) -> str:
    return (
        f"证件号码“{mask_id(number)}”被表格当作数字，末几位已丢失，无法还原。"
        "请把该列设为文本格式后，对照身份证重新录入。"
    )
