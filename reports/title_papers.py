"""Whose is each asset, who decided it, and what certificate says so (确权登记表、确权证书)?"""

from fractions import Fraction

from sqlmodel import col, select

from assets.asof import AsOf
from assets.columns import label_of
from assets.errors import NotFound
from assets.models import (
    Asset,
    AssetFact,
    AssetRight,
    ObjectKind,
    RightKind,
    ShareBasis,
    TitleAct,
    TitleCertificate,
)
from assets.money import format_yuan, in_words
from assets.ownership import LISTED_RIGHTS, UnclearReason, current_rights
from assets.parties import party_titles
from assets.registration import asset_fact
from assets.title import lines_of, title_by_code
from reports.asset_register import LIST, place_text, share_text
from reports.bundle import Bundle
from reports.paper import Column, Fact, Paper, ProofLine, Row, Table, chinese_day
from reports.proceedings import meetings, objections, opinions, postings
from reports.standpoint import Asked, Standpoint, known_by, required

SOURCES = ("国办函〔2021〕51号", "村民委员会组织法")
SEALS = ("村集体经济组织", "镇人民政府", "行业主管部门", "区农业农村局", "区财政局")


def form(stand: Standpoint, asked: Asked) -> Paper:
    """The confirmation form of one act: its list, meetings, notice, opinions.

    Raises:
        NotFound: No such confirmation.

    依据: 国办函〔2021〕51号 (确权登记)
    """
    title = title_by_code(stand.session, required(asked.subject, "确权事项"))
    if not known_by(title.entry_id, stand.at) or title.proposed_on > stand.day:
        raise NotFound("确权事项", title.code)
    where = stand.place(title.village_code)
    owner = party_titles(stand.session, stand.at)[title.owner_party_id]
    items, kept, removed = _items(stand, title)
    raised = objections(stand, ObjectKind.TITLE, title.code)
    tables = [
        items,
        meetings(stand, ObjectKind.TITLE, title.code),
        postings(stand, ObjectKind.TITLE, title.code),
        *([raised] if raised else []),
        opinions(stand, ObjectKind.TITLE, title.code),
    ]
    total = int(items.totals["value"])
    return Paper(
        name="title-form",
        title=f"{where}帮扶项目资产确权登记表",
        subtitle=title.code,
        organisation=owner,
        footer=stand.footer,
        parameters=asked.parameters(),
        headline=(
            Fact("件数", len(items.rows), "int"),
            Fact("原值", total, "fen", words=True),
            Fact("移出", f"{len(items.rows) - _kept_count(items)}件"),
        ),
        tables=tuple(table for table in tables if table.rows),
        proof_lines=(ProofLine("确权＋移出 = 清单原值", kept + removed, total),),
        sources=SOURCES,
        seals=SEALS,
        orientation="landscape",
    )


def _kept_count(items: Table) -> int:
    return sum(1 for row in items.rows if not str(row["certificate"]).startswith("移出"))


def _items(stand: Standpoint, title: TitleAct) -> tuple[Table, int, int]:
    lines = lines_of(stand.session, title)
    rights = current_rights(
        stand.session,
        stand.at,
        asset_ids=[line.asset_id for line in lines],
        kind=RightKind.OWN.value,
    )
    titles = party_titles(stand.session, stand.at)
    given = _certificates(stand, title)
    body: list[Row] = []
    for number, line in enumerate(lines, start=1):
        held = rights.get((line.asset_id, RightKind.OWN.value), [])
        body.append(
            {
                "serial": number,
                "code": line.asset_code,
                "title": line.title,
                "value": line.original_value_fen,
                "owner": LIST.join(titles[each.holder_party_id] for each in held),
                "share": LIST.join(
                    share_text(each.share_numerator, each.share_denominator) for each in held
                ),
                "basis": "、".join(
                    dict.fromkeys(label_of(ShareBasis, each.basis) for each in held)
                ),
                "document": "、".join(dict.fromkeys(each.document for each in held)),
                "certificate": f"移出：{line.removed}"
                if line.removed
                else given.get(line.asset_id, ""),
            }
        )
    kept = sum(line.original_value_fen for line in lines if not line.removed)
    removed = sum(line.original_value_fen for line in lines if line.removed)
    table = Table(
        "确权清单",
        (
            Column("serial", "序号", "serial"),
            Column("code", "资产编号", width_weight=3),
            Column("title", "名称", width_weight=6),
            Column("value", "原值", "fen"),
            Column("owner", "所有权人", width_weight=7),
            Column("share", "份额", width_weight=3),
            Column("basis", "份额依据", align="center", width_weight=2),
            Column("document", "确权依据", width_weight=4),
            Column("certificate", "证书编号", width_weight=5),
        ),
        body,
        totals={"value": kept + removed},
        words_total=kept + removed,
    )
    return table, kept, removed


def _certificates(stand: Standpoint, title: TitleAct) -> dict[int, str]:
    rows = stand.session.exec(
        select(TitleCertificate).where(
            TitleCertificate.title_act_id == title.id,
            col(TitleCertificate.confirmed_on) <= stand.day,
            col(TitleCertificate.entry_id) <= stand.at.position,
        )
    ).all()
    return {row.asset_id: row.number for row in rows}


def certificates(stand: Standpoint, asked: Asked) -> Paper | Bundle:
    """One certificate by its number, or all of one confirmation (or of one asset).

    Raises:
        NotFound: None is known by the day.

    依据: 国办函〔2021〕51号 (明晰产权)
    """
    code = required(asked.subject, "确权事项、证书编号或资产编号")
    rows = stand.session.exec(
        select(TitleCertificate, Asset, TitleAct)
        .join(Asset, col(Asset.id) == col(TitleCertificate.asset_id))
        .join(TitleAct, col(TitleAct.id) == col(TitleCertificate.title_act_id))
        .where(
            (TitleAct.code == code) | (TitleCertificate.number == code) | (Asset.code == code),
            col(TitleCertificate.confirmed_on) <= stand.day,
            col(TitleCertificate.entry_id) <= stand.at.position,
        )
        .order_by(col(TitleCertificate.number))
    ).all()
    if not rows:
        raise NotFound("确权证书", code)
    pages = [_certificate(stand, certificate, asset) for certificate, asset, _ in rows]
    if len(pages) == 1:
        return pages[0]
    return Bundle("title-certificate", f"{code}确权证书", pages, asked.parameters(), stand.footer)


def _certificate(stand: Standpoint, certificate: TitleCertificate, asset: Asset) -> Paper:
    # The rights are those confirmed: as of the day of the certificate, known by the position.
    at = AsOf(certificate.confirmed_on, stand.at.position)
    fact = asset_fact(stand.session, asset.id, stand.at)
    assert fact is not None, "a confirmed asset has a card"
    rights = _rights(stand, asset, at)
    return Paper(
        name="title-certificate",
        title="帮扶项目资产确权证书",
        subtitle=certificate.number,
        footer=stand.footer,
        parameters={"subject": certificate.number},
        paragraphs_before=(_words(stand, certificate, asset, fact),),
        tables=(rights,),
        proof_lines=_whole(rights),
        sources=(certificate.document, *SOURCES[:1]),
        seals=("发证机关", "权利人签收"),
        signed_on=certificate.confirmed_on,
        layout="card",
    )


def _words(stand: Standpoint, certificate: TitleCertificate, asset: Asset, fact: AssetFact) -> str:
    quantity = f"{fact.quantity}{fact.quantity_unit}"
    spec = f"，{fact.spec}" if fact.spec and fact.spec != quantity else ""
    value = fact.original_value_fen
    return (
        f"{asset.code}　{fact.title}{spec}，{quantity}，坐落"
        f"{place_text(stand, fact.division_code, fact.place)}，{chinese_day(fact.acquired_on)}建成，"
        f"原值{format_yuan(value)}元（{in_words(value)}），"
        f"经{certificate.document}确认，权利如下："
    )


def _rights(stand: Standpoint, asset: Asset, at: AsOf) -> Table:
    titles = party_titles(stand.session, stand.at)
    found = current_rights(stand.session, at, asset_ids=[asset.id])
    body: list[Row] = []
    for kind in RightKind:
        for row in found.get((asset.id, kind.value), []):
            body.append(
                {
                    "right": kind.label,
                    "holder": _holder(row, titles),
                    "share": share_text(row.share_numerator, row.share_denominator),
                    "basis": label_of(ShareBasis, row.basis),
                    "document": row.document,
                    "from": row.valid_from,
                }
            )
    return Table(
        "",
        (
            Column("right", "权利", align="center", width_weight=2),
            Column("holder", "权利人", width_weight=8),
            Column("share", "份额", align="center", width_weight=3),
            Column("basis", "份额依据", align="center", width_weight=2),
            Column("document", "依据文件", width_weight=5),
            Column("from", "起", "date"),
        ),
        body,
        unit_line="",
    )


def _holder(row: AssetRight, titles: dict[int, str]) -> str:
    if not row.unclear_reason:
        return titles[row.holder_party_id]
    reason = next((x.label for x in UnclearReason if x == row.unclear_reason), row.unclear_reason)
    return f"权属待定（{reason}；下一步：{row.next_step}）"


def _whole(rights: Table) -> tuple[ProofLine, ...]:
    """Parts of ownership and benefit sum to one: told in whole parts of a common whole."""
    found = []
    for kind in RightKind:
        if kind in LISTED_RIGHTS or kind is RightKind.OPERATE:
            continue
        parts = [_part(str(row["share"])) for row in rights.rows if row["right"] == kind.label]
        if parts:
            total = sum(parts, Fraction(0))
            found.append(
                ProofLine(
                    f"{kind.label}份额之和（分子 = 分母）",
                    total.numerator,
                    total.denominator,
                    "int",
                )
            )
    return tuple(found)


def _part(text: str) -> Fraction:
    return Fraction(1) if text == "全部" else Fraction(text)
