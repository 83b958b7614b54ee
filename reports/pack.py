"""What does the auditor take away? One folder that can be read and checked without this program.

Tables with a dictionary, the books, papers, policies, the list of evidence, flags, the whole book
as one SQLite file without keys, its checkpoint and proofs, two verifiers and one page that says
how. Every file is on a list of digests; the list is signed with the book's key and recorded.
"""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.divisions_register import district_code
from assets.errors import FupinError, MissingTool, Refused
from assets.models import BookRecord, IssuedPaper, Log, Role
from assets.procedure.actors import require_role, waivers
from assets.trail import Act, desk_of, heads
from assets.trail import checkpoint as notes
from assets.trail.merkle import inclusion_proof
from ledger.book_copy import copy_book
from ledger.books import data_package
from ledger.books.posting import entities
from ledger.flags import listing
from ledger.flags.running import LEAD_NOTE, run
from ledger.models import Household, Membership, Person, Policy
from ledger.people.reveal import reveal
from reports import pack_tables, printing, year_set
from reports.catalogue import find
from reports.standpoint import standpoint

SUMS = "SHA256SUMS"
SIGNED = "SHA256SUMS.note"
PROOFS_MAX = 200
NAMED_ROLES = (Role.AUDITOR, Role.FINANCE, Role.AGRICULTURE)
"""Who may take names and numbers along. 依据: 个人信息保护法; 审计法."""

_VERIFIERS = ("verify_book.py", "verify_pack.py")
_PLACE = Path(__file__).with_name("verifier")


@dataclass(frozen=True)
class PackMade:
    """What was put into a pack: files, rows of all tables, papers left out with the reason."""

    folder: Path
    file_count: int
    row_count: int
    sums_sha256: str
    left_out: tuple[str, ...]


def open_pack(session: Session, act: Act, year: int, *, with_names: bool) -> str:
    """Record that a pack is made and cut the checkpoint it will carry; returns the note.

    Raises:
        MissingTool: There is no signing key.
        NoSuchRole: Names are wanted by somebody who may not have them.

    依据: 审计法; 内部约定 (every pack is on record)
    """
    size, _root = heads.current_head(session)
    what = f"{year}年审计数据包"
    with trail.entry(session, act, "pack", str(year), stage=str(size), what=what) as written:
        if with_names:
            require_role(session, act, NAMED_ROLES, district_code(session))
        return heads.cut(session, written, f"pack-{year}").note


def build(
    session: Session, act: Act, year: int, out: Path, note: str, *, papers: bool, with_names: bool
) -> PackMade:
    """Write the pack into a folder that does not exist yet; built beside it and renamed.

    The session writes only where persons are named (their access record).

    Raises:
        Refused: The folder exists.
        MissingTool: The verifiers are not installed with the program.

    依据: 审计法 (electronic data and documents); 内部约定 (verified without this program)
    """
    if out.exists():
        raise Refused(f"文件夹 {out} 已存在，未作改动。请换一个文件夹，或先移走它。")
    partial = out.with_name(f"{out.name}.partial")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    counts = pack_tables.write_csv(session, partial / "数据", year, act.on)
    pack_tables.write_workbook(session, partial / "数据" / f"审计数据{year}.xlsx", year, act.on)
    _write_books(session, partial / "专账", year)
    _write_policies(session, partial / "政策")
    _write_flags(session, partial / "疑点", year, act.on)
    if with_names:
        _write_people(session, act, partial / "人员" / "人员.csv", year)
    folder = partial / "报表"
    left_out = _write_papers(session, act, folder, year, named=with_names) if papers else []
    _write_book(session, partial, note, year)
    _write_page(session, partial, act, year, left_out)
    digest = seal(session, partial, year)
    partial.rename(out)
    count = sum(1 for path in out.rglob("*") if path.is_file())
    return PackMade(out, count, sum(counts.values()), digest, tuple(left_out))


def record(session: Session, act: Act, year: int, made: PackMade) -> None:
    """Put the digest of the pack's list into the log, so that the pack can be told from another.

    依据: 内部约定 (what left the house is on record)
    """
    size, _root = heads.current_head(session)
    with trail.entry(session, act, "pack-sums", made.sums_sha256, what="审计数据包摘要") as written:
        written.add(
            IssuedPaper(
                number=f"审计数据包〔{year}〕{made.sums_sha256[:12]}",
                report="pack",
                arguments=json.dumps({"year": str(year)}),
                as_of_day=act.on.isoformat(),
                position=size,
                data_sha256=made.sums_sha256,
                internal=True,
            )
        )


def _write_books(session: Session, folder: Path, year: int) -> None:
    codes = [party.code for _, party in entities(session)]
    data_package.write(session, folder, codes, AsOf(date(year, 12, 31)))


def _write_policies(session: Session, folder: Path) -> None:
    folder.mkdir()
    for policy in session.exec(select(Policy).order_by(col(Policy.id))).all():
        path = folder / f"{policy.code}-{policy.sha256[:12]}.toml"
        path.write_text(policy.body, encoding="utf-8")


def _write_flags(session: Session, folder: Path, year: int, on: date) -> None:
    folder.mkdir()
    answers = run(session, on, year=year)
    (folder / "疑点.xlsx").write_bytes(listing.to_workbook(answers, on))
    said = json.dumps(listing.as_json(answers, on), ensure_ascii=False, indent=2) + "\n"
    (folder / "疑点.json").write_text(said, encoding="utf-8")


def _write_people(session: Session, act: Act, path: Path, year: int) -> None:
    """Names and numbers of all members, for a person with that right; leaves an access record."""
    import csv

    rows = session.exec(
        select(Person.id, Person.code, Household.code, Membership.relation)
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .join(Household, col(Household.id) == col(Membership.household_id))
        .order_by(Household.code, Person.code, col(Membership.id))
    ).all()
    shown = reveal(
        session,
        {row[0] for row in rows},
        act,
        f"{year}年审计数据包",
        scope=str(year),
        despite_restriction=True,
    )
    path.parent.mkdir()
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(
            ["户编号", "人编号", "与户主关系", "姓名", "证件号码", "银行卡号", "开户行"]
        )
        for person_id, code, household, relation in rows:
            data = shown.get(person_id)
            if data is not None:
                writer.writerow(
                    [
                        household,
                        code,
                        relation,
                        data.name,
                        f"\t{data.id_number}",
                        f"\t{data.card}",
                        data.bank,
                    ]
                )


def _write_papers(session: Session, act: Act, folder: Path, year: int, *, named: bool) -> list[str]:
    """The year's set of papers; those with names only where names are wanted; what was left out."""
    folder.mkdir()
    try:
        printing.check_tools(".pdf")
        wanted = year_set.items(session, year, AsOf(act.on))
    except FupinError as missing:
        return [f"全部报表：{missing}"]
    open_to_all = [each for each in wanted if named or not find(each.report).has_names]
    left_out = [
        f"{each.item.file}：{each.message}"
        for each in year_set.make(
            open_to_all,
            folder,
            lambda item: find(item.report).build(
                standpoint(session, item.on or act.on, act if named else None), item.asked
            ),
        )
        if each.message
    ]
    held_back = len(wanted) - len(open_to_all)
    if held_back:
        left_out.append(f"含姓名的报表{held_back}份：加 --names 由有权的人员提取")
    return left_out


def _write_book(session: Session, folder: Path, note: str, year: int) -> None:
    """The book without keys, its checkpoint, the proofs and the verifiers."""
    place = folder / "账本"
    copy_book(session, place / "book.sqlite")
    (place / "检查点.txt").write_text(note, encoding="utf-8")
    (place / "证明.json").write_text(
        json.dumps(_proofs(session, note, year), ensure_ascii=False, indent=1) + "\n",
        encoding="utf-8",
    )
    tools = folder / "核验"
    tools.mkdir()
    for name in _VERIFIERS:
        if not (_PLACE / name).is_file():
            raise MissingTool(f"程序安装不完整，缺少独立核验程序 {name}。请重新安装。")
        shutil.copyfile(_PLACE / name, tools / name)
    book = session.exec(select(BookRecord)).one()
    (tools / "公钥.txt").write_text(book.public_key + "\n", encoding="utf-8")


def _proofs(session: Session, note: str, year: int) -> list[dict[str, object]]:
    """Inclusion proofs of the entries about the year's plans and closes, newest first."""
    size = notes.parse(note).size
    rows = session.exec(select(Log.id, Log.header, Log.leaf).order_by(col(Log.id))).all()
    leaves = [bytes(leaf) for _, _, leaf in rows]
    found = []
    for entry_id, header, leaf in reversed(rows):
        facts = json.loads(bytes(header))
        wanted = facts["kind"].startswith(("plan", "month-close", "year-close", "statement"))
        if not wanted or str(year) not in facts["idem_key"] or entry_id > size:
            continue
        proof = inclusion_proof(leaves, entry_id - 1, size)
        found.append(
            {
                "entry": entry_id,
                "size": size,
                "kind": facts["kind"],
                "object": facts["object"],
                "leaf": bytes(leaf).hex(),
                "proof": [each.hex() for each in proof],
            }
        )
        if len(found) == PROOFS_MAX:
            break
    return found


def _write_page(
    session: Session, folder: Path, act: Act, year: int, left_out: Sequence[str]
) -> None:
    book = session.exec(select(BookRecord)).one()
    exceptions = waivers(session, AsOf(act.on))
    lines = [
        f"{book.title}　{year}年审计数据包",
        f"数据截至 {act.on}，由 {act.actor or '（未写明）'} 提取。",
        "",
        "一、内容",
        "  数据/    逐表 CSV、datapackage.json、数据字典.csv，同样内容的 xlsx；金额单位为分",
        "  专账/    科目、凭证、分录、余额、结账",
        "  报表/    当年和截至当日的报表",
        "  政策/    方案所用政策文本，文件名含摘要",
        "  疑点/    各规则的疑点、未见异常和数据不足",
        "  账本/    book.sqlite 全部记录（不含密钥、检索索引和材料原件）、检查点、证明",
        "  核验/    独立核验程序和公钥",
        "  数据/evidence.csv 是材料目录，含每份材料的摘要",
        "",
        "二、核验（不需要本系统；需要 Python 3.11 和 cryptography）",
        "  python 核验/verify_pack.py              全部文件、清单签名和账本",
        "  python 核验/verify_pack.py --key 公钥    用账本之外取得的公钥核验",
        "  sha256sum -c SHA256SUMS                 只核对文件摘要",
        "  公钥和检查点应与交存审计、财政或上级的一份核对；只凭包内公钥查不出整包重做。",
        "",
        "三、说明",
        f"  {LEAD_NOTE}",
        "  农户和人员只列编号；姓名和证件号须由有权的人员用 --names 提取，并留查阅登记。",
        f"  岗位分离豁免 {len(exceptions)} 项，见 数据/waivers.csv。",
        *(["  未随包出具的报表："] if left_out else []),
        *(f"    {line}" for line in left_out),
    ]
    (folder / "使用说明.txt").write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig")


def seal(session: Session, folder: Path, year: int) -> str:
    """List the digests of all files and sign the list; returns the digest of the list.

    Raises:
        MissingTool: There is no signing key.

    依据: 内部约定 (a changed byte in any file is found and named)
    """
    key = desk_of(session).signing_key
    if key is None:
        raise MissingTool("缺少签名密钥文件 signing.pem，不能为数据包签名。请放回密钥文件后重试。")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{_sha256(path)}  {path.relative_to(folder).as_posix()}" for path in files]
    (folder / SUMS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    digest = hashlib.sha256((folder / SUMS).read_bytes()).digest()
    origin = session.exec(select(BookRecord.origin)).one()
    note = notes.sign(f"{origin}/pack/{year}", len(files), digest, key, desk_of(session).signer)
    (folder / SIGNED).write_text(note, encoding="utf-8")
    return digest.hex()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
