"""What do the books refuse? Vouchers that do not balance, closed months, books never opened."""

from datetime import date

from assets.money import format_yuan
from ledger.errors import LedgerError


class NotOpened(LedgerError):
    """The institution keeps no special book yet, or not on that day (未建账)."""

    def __init__(self, party_code: str, opened_on: date | None = None) -> None:
        when = "还没有建立专账" if opened_on is None else f"的专账自{opened_on}起启用"
        super().__init__(
            f"主体{party_code}{when}，不能记账。请先导入期初余额确认表（fupin import opening）。"
        )


class Unbalanced(LedgerError):
    """Debit and credit of a voucher differ (借贷不平)."""

    def __init__(self, debit_fen: int, credit_fen: int) -> None:
        super().__init__(
            f"凭证借方{format_yuan(debit_fen)}元、贷方{format_yuan(credit_fen)}元，"
            f"相差{format_yuan(debit_fen - credit_fen)}元，不能记账。请核对分录。"
        )


class EmptyVoucher(LedgerError):
    """A voucher has fewer than two lines (没有分录)."""

    def __init__(self, summary: str) -> None:
        super().__init__(f"凭证“{summary}”没有金额不为零的分录，不能记账。请核对金额。")


class ClosedPeriod(LedgerError):
    """The month is closed (已结账)."""

    def __init__(self, party_code: str, month: int) -> None:
        super().__init__(
            f"主体{party_code}的{month // 100}年{month % 100}月已结账，不得再记凭证。"
            "请把记账日期改到未结账月份，并注明所属期；更正用红字冲销。"
        )


class UnknownAccount(LedgerError):
    """An account code is not in the chart (科目不存在)."""

    def __init__(self, chart_title: str, code: str) -> None:
        super().__init__(f"{chart_title}没有科目“{code}”。请核对科目编码和记账日期适用的会计制度。")


class UnknownPosting(LedgerError):
    """No posting is laid down for an event (业务没有分录规则)."""

    def __init__(self, event: str, chart_title: str) -> None:
        super().__init__(
            f"业务“{event}”在{chart_title}下没有分录规则。请核对业务名称，或在 postings.toml 补上。"
        )


class VoucherRefused(LedgerError):
    """The database's seal refused a voucher (数据库拒绝凭证)."""


class CannotReverse(LedgerError):
    """A voucher cannot be reversed, or not again (不能冲销)."""


class CannotClose(LedgerError):
    """A month or year cannot be closed yet (不能结账)."""


class CannotConvert(LedgerError):
    """A book cannot pass to the new chart yet (不能衔接)."""


class CannotOpen(LedgerError):
    """An opening sheet cannot be taken (期初不能建账)."""
