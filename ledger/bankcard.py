"""Can money be paid to this account number (银行卡号、存折账号)?

Bank cards have 16 to 19 digits and end in a check digit. Many passbooks of rural banks and the
accounts of villages have other lengths and no check digit, and they are paid like any other. So
the length and the characters are required, and a wrong check digit is a doubt to be looked at,
never a wall.

>>> card = parse("6217 0000 0000 0003 024")
>>> card.tail, card.doubt
('3024', '')
>>> card
BankCard('***************3024')
"""

import re
import unicodedata
from typing import Final

from assets.errors import InvalidBankCard
from assets.masking import CARD_LENGTHS, luhn_is_right, mask_card

# Passbook and village accounts of rural banks seen in payment lists run from 10 to 25 digits.
SHORTEST: Final = 10
LONGEST: Final = 25

_GROUPING: Final = re.compile(r"(?<=[0-9])[ \-\u2010-\u2015\u200b](?=[0-9])")
_SCIENTIFIC: Final = re.compile(r"[0-9](?:\.[0-9]+)?E\+?[0-9]{2}")


class BankCard(str):
    """A checked account number, digits only; its ``repr`` shows the mask only."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"BankCard({mask_card(self)!r})"

    @property
    def tail(self) -> str:
        """The last four digits, as a card slip names the account (尾号)."""
        return str(self[-4:])

    @property
    def masked(self) -> str:
        """What a paper may show."""
        return mask_card(self)

    @property
    def doubt(self) -> str:
        """A Chinese sentence when the number is unusual, else empty; it never blocks."""
        if len(self) not in CARD_LENGTHS:
            return f"账号“{self.masked}”为{len(self)}位，不是银行卡（16至19位）。请确认是存折或对公账号。"
        if not luhn_is_right(self):
            return f"卡号“{self.masked}”校验位不符，可能录错一位，也可能是存折账号。请核对。"
        return ""


def parse(text: str) -> BankCard:
    """Read an account number; groups of digits are joined, full-width digits folded.

    依据: 内部约定 (农村银行存折账号多无校验位, 只提示不拦截)

    Raises:
        InvalidBankCard: Not a row of 10 to 25 digits, or damaged by a spreadsheet; the message
            shows the mask only.

    >>> parse("6217-0000-0000-0003-025").doubt
    '卡号“***************3025”校验位不符，可能录错一位，也可能是存折账号。请核对。'
    """
    number = _GROUPING.sub("", unicodedata.normalize("NFKC", text).strip())
    if not number:
        raise InvalidBankCard("银行账号为空。请填写收款账号。")
    if _SCIENTIFIC.fullmatch(number.upper()):
        raise InvalidBankCard(_damaged(number))
    if "*" in number:
        raise InvalidBankCard("银行账号是打了星号的脱敏号，不能付款。请填写完整账号。")
    if re.fullmatch(r"[0-9]+", number) is None:
        raise InvalidBankCard(f"银行账号“{mask_card(number)}”含有数字以外的字符。请核对。")
    if not SHORTEST <= len(number) <= LONGEST:
        raise InvalidBankCard(
            f"银行账号“{mask_card(number)}”为{len(number)}位，应为{SHORTEST}至{LONGEST}位。请核对。"
        )
    return BankCard(number)


def parse_cell(value: object) -> BankCard:
    """Read an account number from a spreadsheet cell as it was stored, text or not.

    Up to fifteen digits a numeric cell is exact, longer ones have lost their end.
    依据: 内部约定 (数值单元格只保留15位有效数字)

    Raises:
        InvalidBankCard: As ``parse``, or a numeric cell of more than fifteen digits.

    >>> parse_cell(80020000012345)
    BankCard('**********2345')
    """
    if isinstance(value, str):
        return parse(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidBankCard("银行账号栏不是文本。请把该列设为文本格式后填写。")
    digits = f"{value:.0f}" if isinstance(value, float) else str(value)
    if len(digits) > 15:
        raise InvalidBankCard(_damaged(digits))
    return parse(digits)


def is_valid(text: str) -> bool:
    """Tell whether the text is an account number that can be paid to.

    依据: 内部约定 (农村银行存折账号多无校验位, 只提示不拦截)
    """
    try:
        parse(text)
    except InvalidBankCard:
        return False
    return True


def _damaged(number: str) -> str:
    return (
        f"银行账号“{mask_card(number)}”被表格当作数字，末几位已丢失，无法还原。"
        "请把该列设为文本格式后，对照存折或银行卡重新录入。"
    )
