"""How is money read, written and spelled? As whole fen, from the first cell to the last paper.

An amount is one ``int`` of fen (分). Text comes in as yuan (元) or ten thousand yuan (万元), goes
out with thousands separators, and is spelled in the capitals that vouchers demand (大写金额).
Nothing here is rounded: what is not a whole number of fen is refused.

A red-letter amount (红字) is simply negative.

>>> parse_yuan("¥1,234.50")
123450
>>> parse_yuan("73.5万元")
73500000
>>> format_yuan(-123450)
'-1,234.50'
>>> in_words(140950)
'壹仟肆佰零玖元伍角整'
"""

import math
import re
from fractions import Fraction

from assets.errors import InvalidAmount

FEN_PER_YUAN = 100
FEN_PER_WAN = 10_000 * FEN_PER_YUAN

# Sixteen digits of yuan, the longest amount that has a spelling up to 万亿; it also fits int64.
LIMIT_FEN = 10**18

# A spreadsheet keeps fifteen significant digits; what it shows beyond them was never typed.
SPREADSHEET_DIGITS = 15

_AMOUNT = re.compile(
    r"(?P<sign>-?) *(?:¥ *)?(?P<late_sign>-?)"
    r"(?P<whole>0|[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]*)"
    r"(?:\.(?P<part>[0-9]+))? *(?P<unit>万元|万|元)?"
)

# Only the look-alikes a Chinese input method produces. A general compatibility folding would turn
# "10²" into "102", and digits of other scripts are refused because nobody here can proofread them.
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    ord("\u3000"): " ",
    ord("\u00a0"): " ",
    ord("￥"): "¥",
    ord("−"): "-",
}


def parse_yuan(text: str) -> int:
    """Read an amount written in yuan (or with a 万元 suffix) as whole fen.

    Accepted: thousands separators in threes, a leading ¥, a trailing 元, 万 or 万元, spaces
    around, full-width digits, a leading minus for a red-letter amount. At most two decimals
    (six with 万), so that nothing has to be rounded.

    Units: text in yuan; the result in fen.
    依据: 内部约定 (金额一律以分为单位的整数保存, 不四舍五入)

    Raises:
        InvalidAmount: The text is not such an amount.

    >>> parse_yuan(" 1,680.32 元 "), parse_yuan("-5.00"), parse_yuan("１２．５")
    (168032, -500, 1250)
    >>> parse_yuan("0.123")
    Traceback (most recent call last):
    assets.errors.InvalidAmount: 金额“0.123”小数超过2位，不是整分。请核对原始凭证，改为最多2位小数。
    """
    return _parse(text, FEN_PER_YUAN)


def yuan_cell(value: int | float | str, unit_fen: int) -> int:
    """Read an amount from a spreadsheet cell whose column is in ``unit_fen`` (元 or 万元).

    A number is first written with fifteen significant digits, which is what the clerk saw, and
    then read exactly; 0.1 + 0.2 becomes 30 fen. A text that names its own unit keeps that unit.

    Units: ``unit_fen`` is 100 for a column in 元, 1,000,000 for one in 万元; the result in fen.
    依据: 内部约定 (表格单元格只保留15位有效数字)

    Raises:
        InvalidAmount: The cell is no amount, or not a whole number of fen.

    >>> yuan_cell(73.5, FEN_PER_WAN), yuan_cell("73.5", FEN_PER_WAN), yuan_cell(12, FEN_PER_YUAN)
    (73500000, 73500000, 1200)
    """
    if isinstance(value, str):
        return _parse(value, unit_fen)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidAmount("金额栏填的不是数字（空白、日期或是/否）。请改填金额。")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidAmount("金额栏是错误值或无穷大，不是金额。请改填数字。")
    if abs(value) >= 10**SPREADSHEET_DIGITS:
        raise InvalidAmount(
            f"金额“{_shown(str(value))}”超过15位有效数字，表格已不能准确保存。请改为文本填写。"
        )
    written = str(value) if isinstance(value, int) else format(value, f".{SPREADSHEET_DIGITS}g")
    return _whole_fen(Fraction(written) * unit_fen, written)


def format_yuan(fen: int) -> str:
    """Write an amount of fen in yuan with thousands separators and two decimals.

    Units: fen in, yuan out.
    依据: 内部约定 (金额按元列示, 保留两位小数, 千位分隔)

    >>> format_yuan(768507), format_yuan(5), format_yuan(-100)
    ('7,685.07', '0.05', '-1.00')
    """
    yuan, part = divmod(abs(fen), FEN_PER_YUAN)
    return f"{'-' if fen < 0 else ''}{yuan:,}.{part:02d}"


def in_words(fen: int) -> str:
    """Spell an amount in the capitals of vouchers and receipts (大写金额), without 「人民币」.

    整 closes an amount without fen. One 零 stands for any row of zeros inside; between 元 and 角
    it is written only where the ten-thousands and the ones are zero but the thousands are not
    (壹拾万柒仟元零伍角叁分), elsewhere the rule leaves it free and we leave it out.

    Units: fen.
    依据: 支付结算办法 附一

    Raises:
        InvalidAmount: The amount is too large to have a spelling (10^16 yuan and more).

    >>> in_words(10_000_100), in_words(1005), in_words(-31962)
    ('壹拾万零壹元整', '壹拾元零伍分', '负叁佰壹拾玖元陆角贰分')
    """
    _check_limit(fen)
    if fen == 0:
        return "零元整"
    yuan, part = divmod(abs(fen), FEN_PER_YUAN)
    sign = "负" if fen < 0 else ""
    whole = f"{_spell_whole(yuan)}元" if yuan else ""
    return sign + whole + _spell_part(yuan, part)


def _parse(text: str, unit_fen: int) -> int:
    folded = text.translate(_FULL_WIDTH).strip(" \t\r\n")
    if not folded:
        raise InvalidAmount("金额为空。请填写金额；没有发生的填0。")
    found = _AMOUNT.fullmatch(folded)
    if found is None or (found["sign"] and found["late_sign"]):
        raise InvalidAmount(f"“{_shown(text)}”不是金额。请按“1234.50”或“1,234.50”的样子填写。")
    if found["unit"]:
        unit_fen = FEN_PER_YUAN if found["unit"] == "元" else FEN_PER_WAN
    part = found["part"] or ""
    decimals = len(str(unit_fen)) - 1
    if len(part) > decimals:
        raise InvalidAmount(
            f"金额“{_shown(text)}”小数超过{decimals}位，不是整分。"
            f"请核对原始凭证，改为最多{decimals}位小数。"
        )
    digits = found["whole"].replace(",", "") + part
    if len(digits) > len(str(LIMIT_FEN)):
        raise InvalidAmount(f"金额“{_shown(text)}”过大。请核对位数和单位。")
    fen = _whole_fen(Fraction(int(digits), 10 ** len(part)) * unit_fen, text)
    return -fen if found["sign"] or found["late_sign"] else fen


def _whole_fen(amount_fen: Fraction, written: str) -> int:
    if amount_fen.denominator != 1:
        raise InvalidAmount(
            f"金额“{_shown(written)}”不是整分。请核对原始凭证，不要用公式算出的长小数。"
        )
    _check_limit(amount_fen.numerator)
    return amount_fen.numerator


def _check_limit(fen: int) -> None:
    if abs(fen) >= LIMIT_FEN:
        raise InvalidAmount("金额过大，超过一亿亿元。请核对位数和单位。")


def _shown(text: str) -> str:
    """Cut what the message repeats, so that a paragraph pasted into the cell stays readable."""
    return text if len(text) <= 24 else text[:24] + "…"


_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")


def _spell_whole(yuan: int) -> str:
    """Spell yuan > 0; 零 marks the gap where the lower part does not fill its first place."""
    for size, word in ((10**8, "亿"), (10**4, "万")):
        if yuan >= size:
            head, rest = divmod(yuan, size)
            gap = "零" if 0 < rest < size // 10 else ""
            return _spell_whole(head) + word + gap + (_spell_whole(rest) if rest else "")
    return _spell_group(yuan)


def _spell_group(digits: int) -> str:
    words = ""
    zeros_before = False
    for place in reversed(range(len(_PLACES))):
        digit = digits // 10**place % 10
        if digit == 0:
            zeros_before = bool(words)
            continue
        words += ("零" if zeros_before else "") + _DIGITS[digit] + _PLACES[place]
        zeros_before = False
    return words


def _spell_part(yuan: int, part: int) -> str:
    jiao, fen = divmod(part, 10)
    if part == 0:
        return "整"
    if jiao == 0:
        return ("零" if yuan else "") + f"{_DIGITS[fen]}分"
    thousands, ten_thousands = yuan // 1_000 % 10, yuan // 10_000 % 10
    one_zero = yuan >= 10_000 and yuan % 10 == 0 and ten_thousands == 0 and thousands != 0
    tail = f"{_DIGITS[fen]}分" if fen else "整"
    return ("零" if one_zero else "") + f"{_DIGITS[jiao]}角" + tail
