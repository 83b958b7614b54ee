"""Does a paper in hand agree with the book it says it was drawn from?

The attachment of a PDF is compared with its own digest, with the register of issued papers and with
the same paper drawn again today for its day and log position; the footer with the book, its key and
its checkpoints. Whatever was reversed or corrected since is told with its entry.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import rfc8785
from sqlmodel import Session, col, select

from assets.errors import FupinError, InvalidValue
from assets.models import IssuedPaper, Party
from assets.models.trail import BookRecord, Checkpoint
from assets.money import format_yuan
from assets.trail import Act
from assets.trail import checkpoint as notes
from assets.trail.heads import current_head
from assets.trail.verify import public_key
from ledger.books.posting import voucher_name
from ledger.models import BookEntity, Voucher
from reports import pdf
from reports.catalogue import find
from reports.issue import figures_of
from reports.standpoint import Asked, standpoint

DIFFERENCES_MAX = 8


@dataclass(frozen=True)
class Check:
    """One comparison: its name, whether it holds (None = could not be made), a sentence."""

    name: str
    holds: bool | None
    message: str


@dataclass
class Verdict:
    """What is to be said of a paper."""

    title: str
    number: str
    checks: list[Check] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether nothing speaks against the paper."""
        return all(check.holds is not False for check in self.checks)

    def add(self, name: str, holds: bool | None, message: str) -> None:
        """Take down one comparison."""
        self.checks.append(Check(name, holds, message))

    def lines(self) -> Iterator[str]:
        """The verdict as printed, one line each."""
        yield f"《{self.title}》　编号：{self.number or '未登记副本'}"
        for check in self.checks:
            mark = {True: "相符", False: "不符", None: "未核"}[check.holds]
            yield f"  {mark}　{check.name}：{check.message}"
        yield "结论：与账本相符。" if self.agrees else "结论：与账本不符，请勿使用。"

    def data(self) -> dict[str, Any]:
        """The verdict as plain data."""
        return {
            "title": self.title,
            "number": self.number,
            "agrees": self.agrees,
            "checks": [
                {"name": c.name, "holds": c.holds, "message": c.message} for c in self.checks
            ],
        }


def verify(session: Session, file: Path, act: Act | None) -> Verdict:
    """Compare a PDF of ours with this book; ``act`` names who looks, for papers with names.

    Raises:
        InvalidValue: Not a PDF of ours.

    依据: 内部约定 (纸质文件多年以后仍可与账本核对)
    """
    attached: Any = pdf.read_attachment(file)
    data, footer = attached["data"], attached["footer"]
    verdict = Verdict(str(data.get("title", "")), str(footer.get("number", "")))
    _check_digest(verdict, data, str(attached["data_sha256"]))
    if not _check_book(session, verdict, footer):
        return verdict
    _check_checkpoint(session, verdict, footer)
    _check_register(session, verdict, data, footer)
    _check_figures(session, verdict, data, act)
    _check_later(session, verdict, data, act)
    return verdict


def _check_digest(verdict: Verdict, data: Any, stated: str) -> None:
    found = sha256(rfc8785.dumps(data)).hexdigest()
    holds = found == stated
    verdict.add(
        "附件摘要",
        holds,
        f"数据摘要{stated[:16]}" if holds else "附件数据被改动过，与其摘要不一致",
    )


def _check_book(session: Session, verdict: Verdict, footer: Any) -> bool:
    code = session.exec(select(BookRecord.code)).one()
    origin = session.exec(select(BookRecord.origin)).one()
    stated = str(footer.get("book", ""))
    note = footer.get("note")
    if stated != code:
        verdict.add("所属账本", False, f"本件出自账本“{stated}”，不是本账本“{code}”")
        return False
    if note is not None:
        key = public_key(session)
        try:
            assert key is not None, "a book has its public key"
            signed = notes.verify(str(note), key)
        except FupinError as error:
            verdict.add("所属账本", False, f"检查点签名不是本账本的：{error}")
            return False
        if signed.origin != origin:
            verdict.add("所属账本", False, f"检查点属于“{signed.origin}”，不是本账本")
            return False
    verdict.add("所属账本", True, f"账本{code}" + ("，检查点签名有效" if note else ""))
    return True


def _check_checkpoint(session: Session, verdict: Verdict, footer: Any) -> None:
    size, _ = current_head(session)
    position = int(footer.get("log_position", 0))
    if position > size:
        verdict.add("记录位置", False, f"本件写到第{position}号记录，账本只有{size}号")
        return
    stated = footer.get("checkpoint_size")
    if stated is None:
        verdict.add("检查点", None, "本件出具时账本还没有检查点")
        return
    stored = session.exec(select(Checkpoint).where(Checkpoint.size == int(stated))).first()
    root = str(footer.get("root_hex", ""))
    holds = stored is not None and bool(root) and stored.root.hex().startswith(root)
    verdict.add(
        "检查点",
        holds,
        f"第{stated}号记录处的根摘要{root[:16]}"
        + ("与账本一致" if holds else "与账本不一致，账本或本件被改动过"),
    )


def _check_register(session: Session, verdict: Verdict, data: Any, footer: Any) -> None:
    number = footer.get("number")
    if number is None:
        verdict.add("出具登记", None, "未登记副本，只核对数字")
        return
    row = session.exec(select(IssuedPaper).where(IssuedPaper.number == number)).one_or_none()
    if row is None:
        verdict.add("出具登记", False, f"登记簿上没有编号{number}")
        return
    holds = row.data_sha256 == sha256(rfc8785.dumps(data)).hexdigest()
    verdict.add(
        "出具登记",
        holds,
        f"第{row.entry_id}号记录登记" + ("，摘要一致" if holds else "，摘要与本件不一致"),
    )


def _check_figures(session: Session, verdict: Verdict, data: Any, act: Act | None) -> None:
    try:
        again = _drawn_again(session, data, act, int(data["log_position"]))
    except FupinError as error:
        verdict.add("账本数字", None if _wants_names(data, act) else False, str(error))
        return
    found = list(differences(data, again))
    if not found:
        verdict.add("账本数字", True, "按本件的日期和记录位置重出，逐项一致")
        return
    more = f"；另有{len(found) - DIFFERENCES_MAX}处" if len(found) > DIFFERENCES_MAX else ""
    verdict.add("账本数字", False, "；".join(found[:DIFFERENCES_MAX]) + more)


def _wants_names(data: Any, act: Act | None) -> bool:
    return act is None and find(str(data["name"])).has_names


def _drawn_again(session: Session, data: Any, act: Act | None, position: int | None) -> Any:
    report = find(str(data["name"]))
    if report.has_names and act is None:
        raise InvalidValue("本件含姓名，核对数字须用 --actor 指明由谁查阅")
    try:
        asked = Asked.of(dict(data["parameters"]))
        day = date.fromisoformat(str(data["as_of"]))
    except (ValueError, KeyError) as error:
        raise InvalidValue(f"附件写明的参数读不懂（{error}）") from error
    return report.build(standpoint(session, day, act, position=position), asked).data()


def _check_later(session: Session, verdict: Verdict, data: Any, act: Act | None) -> None:
    """What was reversed or corrected after the paper's position and concerns it."""
    position = int(data["log_position"])
    text = rfc8785.dumps(data).decode("utf-8")
    rows = session.exec(
        select(Voucher, Party.code)
        .join(BookEntity, col(BookEntity.id) == col(Voucher.entity_id))
        .join(Party, col(Party.id) == col(BookEntity.party_id))
        .where(
            col(Voucher.entry_id) > position,
            col(Voucher.reverses_voucher_id).is_not(None)
            | col(Voucher.adjusts_voucher_id).is_not(None),
        )
        .order_by(col(Voucher.id))
    ).all()
    party = str(data["parameters"].get("party", "")) if "parameters" in data else ""
    later = [
        f"第{voucher.entry_id}号记录（{voucher.dated_on} {voucher_name(voucher.number)}，"
        f"{voucher.summary}）"
        for voucher, code in rows
        if (voucher.object_code and voucher.object_code in text) or (party and party == code)
    ]
    if later:
        verdict.add("出具以后", False, f"本件之后已有冲销或更正：{'；'.join(later)}。请重新出具")
        return
    try:
        changed = len(
            list(differences(figures_of(data), figures_of(_drawn_again(session, data, act, None))))
        )
    except FupinError:
        verdict.add("出具以后", None, "没有按今天的账本重出")
        return
    if changed:
        verdict.add(
            "出具以后",
            None,
            f"按今天的账本重出有{changed}处不同（以后补记的事项），本件仍是当时的数",
        )
    else:
        verdict.add("出具以后", True, "至今没有更正")


def differences(paper: Any, book: Any, where: str = "") -> Iterator[str]:
    """Where two reports' data differ, in words: table, row, column, both values."""
    for key in sorted({*paper, *book}):
        mine, its = paper.get(key), book.get(key)
        if key == "tables":
            yield from _in_lists(mine, its, f"{where}表", _in_table)
        elif key == "papers":
            yield from _in_lists(mine, its, f"{where}页", differences)
        elif key in ("headline", "proofs"):
            yield from _in_lists(mine, its, f"{where}{_WORDS[key]}", _in_labelled)
        elif mine != its:
            yield f"{where}{_WORDS.get(key, key)}：本件“{mine}”，账本“{its}”"


_WORDS = {
    "headline": "首要事项",
    "proofs": "勾稽核对",
    "paragraphs_before": "正文",
    "paragraphs_after": "正文",
    "title": "标题",
    "subtitle": "副标题",
    "organisation": "编制单位",
    "parameters": "参数",
    "sources": "依据",
}


def _in_lists(
    mine: Any, its: Any, what: str, within: Callable[[Any, Any, str], Iterator[str]]
) -> Iterator[str]:
    mine, its = mine or [], its or []
    if len(mine) != len(its):
        yield f"{what}：本件{len(mine)}项，账本{len(its)}项"
    for number, (left, right) in enumerate(zip(mine, its, strict=False), start=1):
        if left != right:
            yield from within(left, right, f"{what}{number}")


def _in_labelled(mine: Any, its: Any, where: str) -> Iterator[str]:
    for key in ("label", "text", "left", "right"):
        if mine.get(key) != its.get(key):
            yield f"{where}“{its.get('label')}”：本件{mine.get(key)}，账本{its.get(key)}"


def _in_table(mine: Any, its: Any, where: str) -> Iterator[str]:
    """Rows and totals column by column; amounts in yuan."""
    columns = {each["key"]: each for each in its.get("columns", ())}
    if mine.get("columns") != its.get("columns"):
        yield f"{where}的列不同"
        return

    def cells(left: Any, right: Any, line: str) -> Iterator[str]:
        for key, column in columns.items():
            if left.get(key) != right.get(key):
                shown = [_shown(value.get(key), column["kind"]) for value in (left, right)]
                yield f"{line}“{column['title']}”本件{shown[0]}，账本{shown[1]}"

    yield from _in_lists(mine.get("rows"), its.get("rows"), f"{where}第", _named_row(cells))
    yield from cells(mine.get("totals", {}), its.get("totals", {}), f"{where}合计")
    rest = ("closing", "subtotals", "words_total", "unit_line", "title")
    if any(mine.get(key) != its.get(key) for key in rest):
        yield f"{where}的末行、小计或大写不同"


def _named_row(
    cells: Callable[[Any, Any, str], Iterator[str]],
) -> Callable[[Any, Any, str], Iterator[str]]:
    return lambda left, right, where: cells(left, right, f"{where}行")


def _shown(value: Any, kind: str) -> str:
    if kind == "fen" and isinstance(value, int):
        return f"{format_yuan(value)}元"
    return "没有" if value is None else str(value)
