"""Whose is it, confirmed by whom? Title confirmation (确权) as one act for many assets of a village.

Proposal → meeting decision → public notice → objections → town and department opinions →
district confirmation with a number and a certificate for each asset. One asset can be taken out
without stopping the rest. Shares are set in ``ownership``; the next act is ``handover``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select as rows_of
from sqlmodel import Session, col, select

from assets import trail
from assets.asof import AsOf
from assets.courses import ASSET_MACHINE
from assets.errors import NotFound, Refused
from assets.models import (
    Asset,
    AssetFact,
    ObjectKind,
    RightKind,
    Stage,
    StageAct,
    TitleAct,
    TitleCertificate,
    TitleItem,
    TitleRemoval,
)
from assets.ownership import all_shares
from assets.parties import party_by_code
from assets.procedure import notices
from assets.procedure.decisions import Meeting, record_decision, valid_resolution
from assets.procedure.duties import record_stage
from assets.procedure.notices import Posting
from assets.procedure.states import move
from assets.registration import asset_ids
from assets.trail import Act, Entry, digest_of

OPINIONS = (Stage.TOWN_REVIEW, Stage.DEPARTMENT)
"""The opinions without which the district does not confirm."""


@dataclass(frozen=True)
class TitleLine:
    """One asset on a confirmation's list; ``removed`` is the reason it was taken out."""

    item_id: int
    asset_id: int
    asset_code: str
    title: str
    original_value_fen: int
    removed: str | None
    certificate: str | None


def title_by_code(session: Session, code: str) -> TitleAct:
    """The confirmation of that code.

    Raises:
        NotFound: There is none.

    依据: 内部约定 (every act has one code on all its papers)
    """
    found = session.exec(select(TitleAct).where(TitleAct.code == code)).one_or_none()
    if found is None:
        raise NotFound("确权事项", code)
    return found


def lines_of(session: Session, title: TitleAct) -> list[TitleLine]:
    """The list of a confirmation in its order, removed assets marked.

    依据: 内部约定 (what was taken out stays visible)
    """
    rows = session.execute(
        rows_of(TitleItem, Asset, AssetFact, TitleRemoval, TitleCertificate)
        .join(Asset, col(Asset.id) == col(TitleItem.asset_id))
        .join(AssetFact, col(AssetFact.asset_id) == col(Asset.id))
        .outerjoin(TitleRemoval, col(TitleRemoval.title_item_id) == col(TitleItem.id))
        .outerjoin(
            TitleCertificate,
            (col(TitleCertificate.asset_id) == col(Asset.id))
            & (col(TitleCertificate.title_act_id) == col(TitleItem.title_act_id)),
        )
        .where(col(TitleItem.title_act_id) == title.id)
        .order_by(col(TitleItem.line_no), col(AssetFact.id))
    ).all()
    lines: dict[int, TitleLine] = {}
    for item, asset, fact, removal, certificate in rows:
        lines[item.id] = TitleLine(
            item_id=item.id,
            asset_id=asset.id,
            asset_code=asset.code,
            title=fact.title,
            original_value_fen=item.original_value_fen,
            removed=removal.reason if removal is not None else None,
            certificate=certificate.number if certificate is not None else None,
        )
    return list(lines.values())


def propose(
    session: Session,
    act: Act,
    code: str,
    *,
    village_code: str,
    owner_code: str,
    asset_codes: Sequence[str],
) -> TitleAct:
    """Propose the owner of a list of assets (初步确权); their ownership shares must be registered.

    Raises:
        Refused: The list is empty, an asset has no registered ownership, or the owner has no part.
        WrongState: An asset is not in the state from which title is proposed.

    依据: 国办函〔2021〕51号 (谁主管谁负责, 权属尽量下沉)
    """
    with trail.entry(session, act, "title-propose", code, what=f"拟定确权{code}") as written:
        if not asset_codes:
            raise Refused(f"确权{code}没有列出资产。请用 --asset 指明，或先登记资产和份额。")
        owner = party_by_code(session, owner_code)
        ids = asset_ids(session)
        unknown = [each for each in asset_codes if each not in ids]
        if unknown:
            raise NotFound("资产", unknown[0])
        twice = [each for each in asset_codes if asset_codes.count(each) > 1]
        if twice:
            raise Refused(f"确权{code}把资产{twice[0]}列了两次。请删去重复的一行。")
        _require_ownership(session, {each: ids[each] for each in asset_codes}, owner.id, act.on)
        title = written.add(
            TitleAct(
                code=code, village_code=village_code, owner_party_id=owner.id, proposed_on=act.on
            )
        )
        values = _values(session, [ids[each] for each in asset_codes], act.on)
        for place, each in enumerate(asset_codes, start=1):
            written.add(
                TitleItem(
                    title_act_id=title.id,
                    asset_id=ids[each],
                    line_no=place,
                    original_value_fen=values[ids[each]],
                )
            )
            move(
                session,
                written,
                ASSET_MACHINE,
                each,
                "propose_title",
                step_label="拟确权",
                on=act.on,
            )
        record_stage(session, written, ObjectKind.TITLE, code, Stage.DRAFT, on=act.on)
    return title


def _require_ownership(session: Session, assets: dict[str, int], owner_id: int, on: date) -> None:
    shares = all_shares(session, RightKind.OWN, AsOf(day=on))
    for code, asset_id in assets.items():
        holders = [share[0] for share in shares.get(asset_id, [])]
        if not holders:
            raise Refused(f"资产{code}没有登记所有权份额，不能确权。请先导入份额表（shares）。")
        if owner_id not in holders:
            raise Refused(f"资产{code}的所有权人不含拟确权对象。请核对份额表或权利人编码。")


def _values(session: Session, asset_ids_: Sequence[int], on: date) -> dict[int, int]:
    rows = session.exec(
        select(AssetFact.asset_id, AssetFact.original_value_fen)
        .where(col(AssetFact.asset_id).in_(asset_ids_), col(AssetFact.valid_from) <= on)
        .order_by(col(AssetFact.valid_from), col(AssetFact.id))
    ).all()
    return dict(rows)


def decide(session: Session, act: Act, code: str, stage: str, meeting: Meeting) -> bool:
    """Record one meeting about a confirmation; returns whether its decision is valid.

    依据: 村民委员会组织法 第二十四条
    """
    with trail.entry(
        session,
        act,
        "title-decide",
        code,
        stage=f"{stage}/{meeting.minutes}/{digest_of(repr(meeting))[:16]}",
        what=f"确权{code}会议{meeting.minutes}",
    ) as written:
        title_by_code(session, code)
        decision = record_decision(session, written, ObjectKind.TITLE, code, stage, meeting)
    return decision.is_valid


def post(session: Session, act: Act, code: str, posting: Posting) -> date:
    """Post the confirmation's list (确权公示); returns the last day of the notice.

    依据: 国开办发〔2018〕11号 第四条
    """
    with trail.entry(
        session,
        act,
        "title-notice",
        code,
        stage=f"{posting.village_code}/{posting.posted_on}",
        what=f"确权{code}公示",
    ) as written:
        return post_in(session, written, code, posting)


def post_in(
    session: Session,
    written: Entry,
    code: str,
    posting: Posting,
    source: dict[str, Any] | None = None,
) -> date:
    """Post inside an open entry; a posting in the same round in another village is allowed.

    依据: 国开办发〔2018〕11号 第四条
    """
    title = title_by_code(session, code)
    if valid_resolution(session, ObjectKind.TITLE, code) is None:
        raise Refused(f"确权{code}没有有效决议，不能公示。请先登记村民（代表）会议决议。")
    round_no = notices.next_round(session, ObjectKind.TITLE, code, posting.village_code)
    notice = notices.post_notice(
        session, written, ObjectKind.TITLE, code, posting, round_no=round_no, source=source
    )
    for line in lines_of(session, title):
        if line.removed is None:
            move(
                session,
                written,
                ASSET_MACHINE,
                line.asset_code,
                "notice",
                step_label="确权公示",
                on=posting.posted_on,
            )
    return notice.ends_on


def take_out(session: Session, act: Act, code: str, asset_code: str, reason: str) -> None:
    """Take one asset out of a confirmation; the rest goes on.

    Raises:
        NotFound: The asset is not on the list.

    依据: 内部约定 (one asset with an open question must not stop a village)
    """
    with trail.entry(
        session, act, "title-take-out", code, stage=asset_code, what=f"移出{asset_code}"
    ) as written:
        title = title_by_code(session, code)
        line = next((x for x in lines_of(session, title) if x.asset_code == asset_code), None)
        if line is None or line.removed is not None:
            raise NotFound(f"确权{code}清单上的资产", asset_code)
        if not reason.strip():
            raise Refused("移出确权清单要写明原因。")
        written.add(TitleRemoval(title_item_id=line.item_id, reason=reason))
        move(
            session,
            written,
            ASSET_MACHINE,
            asset_code,
            "take_out",
            step_label="移出确权清单",
            on=act.on,
            remark=reason,
        )


def give_opinion(
    session: Session, act: Act, code: str, stage: Stage, *, agreed: bool, opinion: str
) -> None:
    """Record an opinion: supervision committee, town, or department.

    Raises:
        Refused: The notice has not run, or objections are open.
        SeparationOfDuties: The same person acted on the other side.

    依据: 国办函〔2021〕51号 (town and department examine before the county confirms)
    """
    with trail.entry(
        session,
        act,
        "title-opinion",
        code,
        stage=f"{stage}/{notices.current_round(session, ObjectKind.TITLE, code)}"
        f"/{agreed}/{digest_of(opinion)[:16]}",
        what=f"确权{code}{stage.label}",
    ) as written:
        title = title_by_code(session, code)
        round_no = _require_notice_run(session, title, act.on)
        record_stage(
            session,
            written,
            ObjectKind.TITLE,
            code,
            stage,
            on=act.on,
            round_no=round_no,
            agreed=agreed,
            opinion=opinion,
        )


def _require_notice_run(session: Session, title: TitleAct, on: date) -> int:
    """The round whose notice is over; an objection to an asset taken out stops nothing."""
    code = title.code
    round_no = notices.current_round(session, ObjectKind.TITLE, code)
    if round_no == 0:
        raise Refused(f"确权{code}还没有公示。")
    if not notices.notice_has_run(session, ObjectKind.TITLE, code, round_no, on):
        until = notices.runs_until(session, ObjectKind.TITLE, code, round_no)
        raise Refused(f"确权{code}公示到{until}为止，期满次日起才能办理下一步。")
    gone = {line.asset_code for line in lines_of(session, title) if line.removed is not None}
    open_ = [
        each
        for each in notices.open_objections(session, ObjectKind.TITLE, code)
        if each.line_code not in gone
    ]
    if open_:
        raise Refused(
            f"确权{code}有{len(open_)}件异议未答复（{open_[0].code}）。请先答复，或把有异议的资产移出清单。"
        )
    return round_no


def confirm(session: Session, act: Act, code: str, *, document: str) -> list[str]:
    """Confirm title by the district: a number and a certificate for each asset left on the list.

    Returns the certificate numbers.

    Raises:
        Refused: No valid decision, notice running, objections open, or an opinion missing.

    依据: 国办函〔2021〕51号 (county confirms, registers and issues)
    """
    with trail.entry(session, act, "title-confirm", code, what=f"确权{code}") as written:
        title = title_by_code(session, code)
        round_no = _require_ready(session, title, act.on)
        record_stage(
            session,
            written,
            ObjectKind.TITLE,
            code,
            Stage.DISTRICT,
            on=act.on,
            round_no=round_no,
            document=document,
        )
        numbers = []
        for place, line in enumerate(
            (x for x in lines_of(session, title) if x.removed is None), start=1
        ):
            number = f"{code}-{place:03d}"
            written.add(
                TitleCertificate(
                    number=number,
                    title_act_id=title.id,
                    asset_id=line.asset_id,
                    confirmed_on=act.on,
                    document=document,
                )
            )
            move(
                session,
                written,
                ASSET_MACHINE,
                line.asset_code,
                "confirm",
                step_label="确权",
                on=act.on,
            )
            numbers.append(number)
        if not numbers:
            raise Refused(f"确权{code}清单上的资产都已移出，没有可确权的。")
    return numbers


def _require_ready(session: Session, title: TitleAct, on: date) -> int:
    """The round of the notice, once everything that a confirmation needs was given on it."""
    code = title.code
    if valid_resolution(session, ObjectKind.TITLE, code) is None:
        raise Refused(f"确权{code}没有有效决议。")
    round_no = _require_notice_run(session, title, on)
    given = session.exec(
        select(StageAct.stage, StageAct.agreed)
        .where(
            StageAct.object_kind == ObjectKind.TITLE,
            StageAct.object_code == code,
            StageAct.round_no == round_no,
        )
        .order_by(col(StageAct.id))
    ).all()
    newest = dict(given)
    for stage in OPINIONS:
        if stage not in newest:
            raise Refused(f"确权{code}缺少{stage.label}。请先用 fupin title opinion 登记。")
        if not newest[stage]:
            raise Refused(f"确权{code}的{stage.label}为不同意，不能确认。")
    return round_no


def list_sha256(session: Session, code: str) -> str:
    """Digest of the list as posted: asset codes, titles, values.

    依据: 内部约定 (what was posted can be compared with what was confirmed)
    """
    lines = lines_of(session, title_by_code(session, code))
    return digest_of(
        *(f"{x.asset_code} {x.title} {x.original_value_fen}" for x in lines if x.removed is None)
    )


def titles(session: Session, *, village_code: str = "") -> list[TitleAct]:
    """All confirmations, or those of one village, by code.

    依据: 内部约定 (listed for the office that waits for them)
    """
    statement = select(TitleAct)
    if village_code:
        statement = statement.where(TitleAct.village_code == village_code)
    return list(session.exec(statement.order_by(col(TitleAct.code))).all())
