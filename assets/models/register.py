"""Nouns of the asset register: assets, plant facts, contributions, rights."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from assets.columns import (
    Code,
    Count,
    Day,
    Fen,
    Flag,
    Id,
    Imported,
    Labelled,
    Logged,
    check,
    one_of,
    strict,
)


class AssetClass(Labelled):
    """The three classes (资产类别). 依据: 国办函〔2021〕51号."""

    OPERATING = "OPERATING", "经营性"
    PUBLIC_WELFARE = "PUBLIC_WELFARE", "公益性"
    HOUSEHOLD = "HOUSEHOLD", "到户类"


class AssetForm(Labelled):
    """The five forms (资产形态)."""

    FIXED = "FIXED", "固定资产"
    BIOLOGICAL = "BIOLOGICAL", "生物资产"
    EQUITY = "EQUITY", "权益性资产"
    INTANGIBLE = "INTANGIBLE", "无形资产"
    CURRENT = "CURRENT", "流动资产"


class Condition(Labelled):
    """Condition of an asset (状况)."""

    NORMAL = "NORMAL", "正常"
    IDLE = "IDLE", "闲置"
    DAMAGED = "DAMAGED", "损毁"
    REPAIR = "REPAIR", "维修"


class AssetState(Labelled):
    """States of an asset's course from stock-taking to disposal (资产状态)."""

    IDENTIFIED = "IDENTIFIED", "已摸排"
    VERIFIED = "VERIFIED", "已核实"
    CLASSIFIED = "CLASSIFIED", "已分类"
    TITLE_PROPOSED = "TITLE_PROPOSED", "拟确权"
    NOTICED = "NOTICED", "确权公示"
    CONFIRMED = "CONFIRMED", "已确权"
    HANDOVER_PENDING = "HANDOVER_PENDING", "待移交"
    ACCEPTED = "ACCEPTED", "已接收"
    ACCEPTED_WITH_RESERVATIONS = "ACCEPTED_WITH_RESERVATIONS", "保留接收"
    REFUSED = "REFUSED", "拒收"
    BOOKED = "BOOKED", "已入账"
    IN_OPERATION = "IN_OPERATION", "运营管护"
    IDLE = "IDLE", "闲置"
    UNDER_REPAIR = "UNDER_REPAIR", "维修"
    DISPOSAL_PROPOSED = "DISPOSAL_PROPOSED", "拟处置"
    DISPOSED = "DISPOSED", "已处置"


class Asset(Logged, table=True):
    """A project asset (扶贫项目资产); identity by asset code, of one project."""

    __tablename__ = "asset"
    __table_args__ = strict(UniqueConstraint("code"))

    code: str = Field(sa_type=Code)
    project_id: int = Field(sa_type=Id, foreign_key="project.id")


class AssetFact(Logged, Imported, table=True):
    """What is known of an asset from a day on (资产卡片)."""

    __tablename__ = "asset_fact"
    __table_args__ = strict(
        one_of("asset_class", AssetClass),
        one_of("form", AssetForm),
        one_of("condition", Condition),
        check("original_value_fen >= 0", "value_not_negative"),
    )

    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    title: str = Field(sa_type=Code)
    asset_class: str = Field(sa_type=Code)
    form: str = Field(sa_type=Code)
    subclass: str = Field(sa_type=Code)
    division_code: str = Field(sa_type=Code, index=True)
    place: str = Field(sa_type=Code)
    spec: str | None = Field(default=None, sa_type=Code)
    quantity: str = Field(sa_type=Code)
    quantity_unit: str = Field(sa_type=Code)
    acquired_on: date = Field(sa_type=Day)
    in_use_on: date | None = Field(default=None, sa_type=Day)
    life_months: int | None = Field(default=None, sa_type=Count)
    original_value_fen: int = Field(sa_type=Fen)
    condition: str = Field(sa_type=Code)
    household_code: str | None = Field(default=None, sa_type=Code)
    valid_from: date = Field(sa_type=Day)


class PlantFact(Logged, Imported, table=True):
    """Facts of a PV plant from a day on (光伏电站). Tariffs in micro-yuan per kWh."""

    __tablename__ = "plant_fact"
    __table_args__ = strict(check("capacity_w > 0", "capacity_positive"))

    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    capacity_w: int = Field(sa_type=Count)
    national_code: str | None = Field(default=None, sa_type=Code)
    in_national_catalogue: bool = Field(sa_type=Flag)
    benchmark_tariff_uyuan: int | None = Field(default=None, sa_type=Count)
    subsidy_tariff_uyuan: int | None = Field(default=None, sa_type=Count)
    valid_from: date = Field(sa_type=Day)


class FundContribution(Logged, Imported, table=True):
    """Which document's money, brought by whom, is in an asset (资金来源)."""

    __tablename__ = "fund_contribution"
    __table_args__ = strict(check("amount_fen > 0", "amount_positive"))

    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    fund_document_id: int = Field(sa_type=Id, foreign_key="fund_document.id", index=True)
    contributor_party_id: int | None = Field(default=None, sa_type=Id, foreign_key="party.id")
    amount_fen: int = Field(sa_type=Fen)


class ContributionDifference(Logged, table=True):
    """An explained difference between contributions and original value (差异说明)."""

    __tablename__ = "contribution_difference"
    __table_args__ = strict(check("length(reason) > 0", "reason_given"))

    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    difference_fen: int = Field(sa_type=Fen)
    reason: str = Field(sa_type=Code)


class RightKind(Labelled):
    """The six rights (六权)."""

    OWN = "OWN", "所有权"
    OPERATE = "OPERATE", "经营权"
    BENEFIT = "BENEFIT", "收益权"
    DISTRIBUTE = "DISTRIBUTE", "分配权"
    DISPOSE = "DISPOSE", "处置权"
    SUPERVISE = "SUPERVISE", "监督权"


class ShareBasis(Labelled):
    """What a share was computed from (份额依据); belongs to the confirmed decision."""

    KW = "KW", "装机容量"
    INVESTED = "INVESTED", "出资额"
    AGREED = "AGREED", "协议"


class AssetRight(Logged, Imported, table=True):
    """One holder's part of one right (权利份额).

    All rows of (asset, right, valid_from, entry) form one version; ownership and benefit of a
    version sum to exactly 1. The latest version on or before a day holds.
    """

    __tablename__ = "asset_right"
    __table_args__ = strict(
        one_of("kind", RightKind),
        one_of("basis", ShareBasis),
        check("share_numerator > 0 AND share_numerator <= share_denominator", "share_within_one"),
    )

    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    kind: str = Field(sa_type=Code)
    holder_party_id: int = Field(sa_type=Id, foreign_key="party.id", index=True)
    share_numerator: int = Field(sa_type=Count)
    share_denominator: int = Field(sa_type=Count)
    basis: str = Field(sa_type=Code)
    document: str = Field(sa_type=Code)
    unclear_reason: str | None = Field(default=None, sa_type=Code)
    next_step: str | None = Field(default=None, sa_type=Code)
    valid_from: date = Field(sa_type=Day)


class TitleAct(Logged, table=True):
    """One confirmation of many assets of a village (确权事项); one meeting, list, notice."""

    __tablename__ = "title_act"
    __table_args__ = strict(UniqueConstraint("code"))

    code: str = Field(sa_type=Code)
    village_code: str = Field(sa_type=Code, index=True)
    owner_party_id: int = Field(sa_type=Id, foreign_key="party.id")
    proposed_on: date = Field(sa_type=Day)


class TitleItem(Logged, table=True):
    """One asset on a confirmation's list (确权清单行)."""

    __tablename__ = "title_item"
    __table_args__ = strict(UniqueConstraint("title_act_id", "asset_id"))

    title_act_id: int = Field(sa_type=Id, foreign_key="title_act.id", index=True)
    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    line_no: int = Field(sa_type=Count)
    original_value_fen: int = Field(sa_type=Fen)


class TitleRemoval(Logged, table=True):
    """An asset taken out of a confirmation without stopping the rest (移出确权清单)."""

    __tablename__ = "title_removal"
    __table_args__ = strict(UniqueConstraint("title_item_id"))

    title_item_id: int = Field(sa_type=Id, foreign_key="title_item.id")
    reason: str = Field(sa_type=Code)


class TitleCertificate(Logged, table=True):
    """The district's confirmation and certificate of one asset (确权证书)."""

    __tablename__ = "title_certificate"
    __table_args__ = strict(UniqueConstraint("number"), UniqueConstraint("asset_id", "entry_id"))

    number: str = Field(sa_type=Code)
    title_act_id: int = Field(sa_type=Id, foreign_key="title_act.id")
    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    confirmed_on: date = Field(sa_type=Day)
    document: str = Field(sa_type=Code)


class HandoverAct(Logged, table=True):
    """One handover of many assets to a village (移交事项); the text shown is stored and hashed."""

    __tablename__ = "handover_act"
    __table_args__ = strict(UniqueConstraint("code"))

    code: str = Field(sa_type=Code)
    village_code: str = Field(sa_type=Code, index=True)
    from_party_id: int = Field(sa_type=Id, foreign_key="party.id")
    to_party_id: int = Field(sa_type=Id, foreign_key="party.id")
    attempt_no: int = Field(sa_type=Count)
    prepared_on: date = Field(sa_type=Day)
    shown_text: str = Field(sa_type=Code)
    text_sha256: str = Field(sa_type=Code)


class HandoverItem(Logged, table=True):
    """One asset on a handover list (移交清单行)."""

    __tablename__ = "handover_item"
    __table_args__ = strict(UniqueConstraint("handover_act_id", "asset_id"))

    handover_act_id: int = Field(sa_type=Id, foreign_key="handover_act.id", index=True)
    asset_id: int = Field(sa_type=Id, foreign_key="asset.id", index=True)
    line_no: int = Field(sa_type=Count)
    original_value_fen: int = Field(sa_type=Fen)
    net_value_fen: int = Field(sa_type=Fen)


class HandoverAnswer(Logged, Imported, table=True):
    """The receiver's answer on one asset (接收意见): accept, reserve or refuse with a reason."""

    __tablename__ = "handover_answer"
    __table_args__ = strict(
        UniqueConstraint("handover_item_id"),
        one_of("outcome", ("ACCEPTED", "RESERVED", "REFUSED")),
        check("outcome <> 'REFUSED' OR reason_code IS NOT NULL", "refusal_has_reason"),
        check("outcome <> 'RESERVED' OR remedy_due_on IS NOT NULL", "reservation_has_deadline"),
    )

    handover_item_id: int = Field(sa_type=Id, foreign_key="handover_item.id")
    outcome: str = Field(sa_type=Code)
    reason_code: str | None = Field(default=None, sa_type=Code)
    reservation: str | None = Field(default=None, sa_type=Code)
    remedy_due_on: date | None = Field(default=None, sa_type=Day)
    answered_on: date = Field(sa_type=Day)
    signed_by_code: str = Field(sa_type=Code)


class HandoverBooking(Logged, table=True):
    """A received asset booked in the receiver's accounts (移交入账)."""

    __tablename__ = "handover_booking"
    __table_args__ = strict(UniqueConstraint("asset_id"))

    asset_id: int = Field(sa_type=Id, foreign_key="asset.id")
    handover_act_id: int = Field(sa_type=Id, foreign_key="handover_act.id")
    voucher_id: int | None = Field(default=None, sa_type=Id)
    booked_on: date = Field(sa_type=Day)
