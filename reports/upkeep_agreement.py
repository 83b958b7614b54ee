"""Who keeps an asset in order, for how long and with what money (管护协议)?

What the register knows is filled in; the rest is left blank to be written by hand and signed.
"""

from sqlmodel import col, select

from assets.errors import NotFound
from assets.models import RightKind, UpkeepDuty
from assets.money import format_yuan, in_words
from assets.ownership import shares_on
from assets.parties import party_titles
from assets.registration import asset_by_code, asset_fact
from reports.asset_register import place_text
from reports.paper import Paper, chinese_day
from reports.standpoint import Asked, Standpoint, known_by, required

SOURCES = ("国办函〔2021〕51号",)
_BLANK = "＿＿＿＿＿＿"


def paper(stand: Standpoint, asked: Asked) -> Paper:
    """The agreement on the upkeep of one asset, to be signed.

    Raises:
        NotFound: No such asset.

    依据: 国办函〔2021〕51号 (落实管护责任)
    """
    asset = asset_by_code(stand.session, required(asked.subject, "资产"))
    fact = asset_fact(stand.session, asset.id, stand.at)
    if fact is None or not known_by(asset.entry_id, stand.at):
        raise NotFound("资产", asset.code)
    titles = party_titles(stand.session, stand.at)
    owners = "、".join(
        titles[holder]
        for holder, _, _ in shares_on(stand.session, asset.id, RightKind.OWN, stand.at)
    )
    duty = _duty(stand, asset.id)
    keeper = titles[duty.keeper_party_id] if duty else _BLANK
    value = fact.original_value_fen
    term = (
        f"自{chinese_day(duty.valid_from)}起"
        + (f"至{chinese_day(duty.valid_to)}止" if duty.valid_to else "，长期有效")
        if duty
        else f"自{_BLANK}起至{_BLANK}止"
    )
    budget = (
        f"每年{format_yuan(duty.yearly_budget_fen)}元"
        if duty and duty.yearly_budget_fen is not None
        else f"每年{_BLANK}元"
    )
    return Paper(
        name="upkeep-agreement",
        title="帮扶项目资产管护协议",
        subtitle=f"{asset.code}　{fact.title}",
        footer=stand.footer,
        parameters=asked.parameters(),
        paragraphs_before=(
            f"甲方（产权人）：{owners or _BLANK}",
            f"乙方（管护人）：{keeper}",
            "一、管护资产",
            f"{fact.title}，{fact.quantity}{fact.quantity_unit}，坐落"
            f"{place_text(stand, fact.division_code, fact.place)}，原值{format_yuan(value)}元"
            f"（{in_words(value)}）。",
            "二、管护内容和标准",
            (duty.duty if duty else _BLANK * 4)
            + "。乙方发现损毁、被占或安全隐患，应当日报告甲方。",
            "三、管护期限",
            f"{term}。",
            "四、管护经费",
            f"{budget}，从该资产收益或村集体收益中列支，按实际履行支付，不得白条入账。",
            "五、检查考核",
            "甲方每季度至少检查一次并留有记录；乙方未履行管护责任的，甲方可以扣减经费或者解除协议。",
            "六、其他",
            "资产的所有权不因本协议改变；未经甲方按规定程序同意，乙方不得出租、抵押、转让或者改变用途。"
            "本协议一式三份，甲乙双方各执一份，报镇人民政府备案一份。",
        ),
        sources=SOURCES,
        seals=("甲方", "乙方", "备案：镇人民政府"),
        layout="document",
    )


def _duty(stand: Standpoint, asset_id: int) -> UpkeepDuty | None:
    return stand.session.exec(
        select(UpkeepDuty)
        .where(
            UpkeepDuty.asset_id == asset_id,
            col(UpkeepDuty.valid_from) <= stand.day,
            col(UpkeepDuty.entry_id) <= stand.at.position,
        )
        .order_by(col(UpkeepDuty.id).desc())
    ).first()
