"""Of which class is an asset, and what goes with each class?

Three classes: operating assets earn, public-welfare assets serve, household assets belong to a
family. The rules are soft where life is: an odd combination is recorded and remarked on. Only a
right to distribute without anybody who holds it is refused.
"""

from collections.abc import Iterable

from sqlmodel import Session

from assets import registration, trail
from assets.asof import AsOf
from assets.courses import ASSET_MACHINE
from assets.divisions_register import district_code
from assets.errors import Refused
from assets.models import AssetClass, AssetFact, AssetForm, AssetState, ObjectKind, Role
from assets.procedure import states
from assets.procedure.actors import require_role
from assets.remarks import Remark
from assets.trail import Act

PLANT_WORD = "光伏"
PLANT_W_MAX = 500_000
"""A village plant's largest capacity in watts. 依据: 国能发新能〔2018〕29号."""

_UNUSUAL_FORMS = {
    AssetClass.PUBLIC_WELFARE: (AssetForm.EQUITY, AssetForm.BIOLOGICAL, AssetForm.CURRENT),
    AssetClass.HOUSEHOLD: (AssetForm.EQUITY, AssetForm.INTANGIBLE),
}


def class_remarks(
    asset_class: str,
    form: str,
    subclass: str,
    *,
    household_code: str | None,
    capacity_w: int | None,
    has_gap: bool = False,
) -> list[Remark]:
    """What is odd about an asset's class, form and class-specific facts; nothing is refused.

    ``has_gap``: papers are declared missing, so that a household asset may lack its household.

    依据: 国办函〔2021〕51号 (three classes); 内部约定 (class rules are soft where life is)
    """
    found = []
    if form in _UNUSUAL_FORMS.get(_class(asset_class), ()):
        message = f"{_class(asset_class).label}资产少有这种形态。"
        found.append(Remark("form-unusual", "asset_form", message))
    if asset_class == AssetClass.HOUSEHOLD and not household_code and not has_gap:
        message = "到户类资产没有写到户户编号。"
        remedy = "请补户编号；旧批次没有名单的，请在“缺失资料”声明。"
        found.append(Remark("household-missing", "household_code", message, remedy))
    if asset_class != AssetClass.HOUSEHOLD and household_code:
        message = "不是到户类资产，却写了到户户编号。"
        found.append(Remark("household-unexpected", "household_code", message))
    return found + _plant_remarks(asset_class, subclass, capacity_w)


def _plant_remarks(asset_class: str, subclass: str, capacity_w: int | None) -> list[Remark]:
    found = []
    is_plant = PLANT_WORD in subclass or capacity_w is not None
    if is_plant and capacity_w is None:
        message = "光伏电站没有填装机容量。"
        found.append(Remark("capacity-missing", "capacity_w", message, "请补填，按份额分配要用。"))
    if is_plant and asset_class != AssetClass.OPERATING:
        message = "光伏电站有收益，一般为经营性资产。"
        remedy = "请核实；属实可保留，或提请重新分类。"
        found.append(Remark("plant-not-operating", "asset_class", message, remedy))
    if capacity_w is not None and capacity_w > PLANT_W_MAX:
        message = f"装机容量{capacity_w // 1000}千瓦，超过村级电站500千瓦上限。"
        found.append(Remark("plant-large", "capacity_w", message))
    return found


def income_remark(asset_class: str, code: str) -> Remark | None:
    """What to say when an asset of this class earns: nothing for an operating one.

    依据: 内部约定 (a public-welfare asset with incidental income is recorded and flagged)
    """
    if asset_class == AssetClass.OPERATING:
        return None
    message = f"{_class(asset_class).label}资产{code}有收益。"
    return Remark("income-unusual", "asset_class", message, "已照实登记；请考虑重新分类。", code)


def refuse_ownerless_distribution(holders: Iterable[int | None], code: str) -> None:
    """Refuse a right to distribute that nobody holds; the only combination that is refused.

    Raises:
        Refused: A holder is left open, or there is none.

    依据: 内部约定 (only distribution without a right holder is refused)
    """
    listed = list(holders)
    if not listed or any(holder is None for holder in listed):
        raise Refused(f"资产{code}的分配权没有写明权利人，不能登记。请填权利人编码。")


def reclassify(
    session: Session, act: Act, code: str, asset_class: AssetClass, *, reason: str
) -> AssetFact:
    """Give an asset another class from the act's day on, by the district's decision.

    Raises:
        NotFound: No such asset.
        NoSuchRole: The actor is not of the district's agriculture bureau.
        Refused: It is of that class already, or disposed of.

    依据: 国办函〔2021〕51号; 内部约定 (the district classifies)
    """
    stage = f"{asset_class.value}/{act.on}"
    with trail.entry(
        session, act, "asset-class", code, stage=stage, what=f"资产{code}重新分类"
    ) as written:
        require_role(session, act, (Role.AGRICULTURE,), district_code(session))
        asset = registration.asset_by_code(session, code)
        fact = registration.asset_fact(session, asset.id, AsOf())
        state = states.state_of(session, ObjectKind.ASSET, code)
        if state == AssetState.DISPOSED:
            raise Refused(f"资产{code}已处置，不能重新分类。")
        if fact is not None and fact.asset_class == asset_class:
            raise Refused(f"资产{code}已经是{asset_class.label}资产，不必重新分类。")
        if state == AssetState.CLASSIFIED:
            states.move(
                session,
                written,
                ASSET_MACHINE,
                code,
                "reclassify",
                step_label="重新分类",
                on=act.on,
                remark=reason,
            )
        return registration.change_fact(
            session, written, asset.id, act.on, asset_class=asset_class.value
        )


def _class(code: str) -> AssetClass:
    return next(each for each in AssetClass if each == code)
