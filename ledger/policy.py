"""Which rule divides this money, since when, on whose authority? Policies as dated, cited data.

A policy file gives the steps of the waterfall, the notice, the stages that block payment and the
limits, each with its source. ``lint`` fails on a missing citation or an expired value; a plan
stores the text and its digest, so that an old plan can always be computed again.
"""

import hashlib
import tomllib
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlmodel import Session, select

from assets.errors import NotFound, Refused
from assets.trail import Entry
from ledger.models import Channel, HouseholdStatus, Policy
from ledger.waterfall import (
    Base,
    Fixed,
    Measure,
    Portion,
    Remaining,
    Rounding,
    Step,
    WeightRule,
)
from ledger.waterfall import check as check_steps

FOLDER = Path(__file__).parent / "policies"
ChannelName = Literal[
    "JOB", "WORKS", "REWARD", "HARDSHIP", "DIVIDEND", "RETENTION", "RESERVE", "CARRIED"
]


class PolicyProblem(Refused):
    """A policy file cannot be used (政策文件有误)."""

    def __init__(self, name: str, reasons: list[str]) -> None:
        super().__init__(f"政策文件“{name}”不能使用：{'；'.join(reasons)}。请改正后再用。")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cited(_Strict):
    """Where a value comes from: document number or 内部约定, and the article."""

    document: str
    article: str = ""

    def shown(self) -> str:
        """As printed: 国开办发〔2017〕61号 第五条."""
        return f"{self.document} {self.article}".strip()


class PolicyStep(_Strict):
    """One step of the waterfall in its order.

    ``kind``: fixed (``amount_fen``), portion (``share`` like "80/100", ``rounding``), jobs (what
    the plan's posts cost), remaining. ``measure`` says by what it is shared among households;
    without it the money stays with the body.
    """

    channel: ChannelName
    title: str
    kind: Literal["fixed", "portion", "jobs", "remaining"]
    source: Cited
    amount_fen: int = 0
    share: str = ""
    rounding: Literal["FLOOR", "CEIL"] = "FLOOR"
    base: Literal["DISTRIBUTABLE", "LEFT"] = "DISTRIBUTABLE"
    at_least_fen: int = 0
    at_most_fen: int | None = None
    measure: Literal["HEAD", "HOUSEHOLD", "SHARE", ""] = ""
    class_weights: dict[str, int] = {}
    statuses: tuple[str, ...] = ()
    only_without_labour: bool = False
    cap_fen: int | None = None
    floor_fen: int = 0


class NoticeRule(_Strict):
    """How long a plan is posted, and what restarts it."""

    notice_days: int
    day_kind: Literal["CALENDAR", "WORKING"]
    restart_on: tuple[str, ...]
    source: Cited


class StageRule(_Strict):
    """Which stages must be done before payment."""

    required: tuple[Literal["RESOLVE", "SUPERVISE", "TOWN_REVIEW", "APPROVE", "FILE"], ...]
    deliberations: tuple[Literal["PROPOSE", "CONSULT", "DELIBERATE", "RESOLVE"], ...] = ("RESOLVE",)
    source: Cited


class LabourShare(_Strict):
    """The least part of the income that goes through the labour channel."""

    minimum: str
    on_breach: Literal["flag", "refuse"]
    valid_from: date
    valid_to: date | None = None
    source: Cited


class EqualSplit(_Strict):
    """What happens when every household would get the same and nobody works for it."""

    on_breach: Literal["flag", "refuse"]
    source: Cited


class PolicyText(_Strict):
    """One policy file."""

    code: str
    title: str
    scope: Literal["VILLAGE", "TOWN_POOL", "DISTRICT_POOL", "ANY"]
    valid_from: date
    valid_to: date | None = None
    only_in_catalogue: bool = False
    interest_distributable: bool = False
    source: Cited
    step: tuple[PolicyStep, ...]
    notice: NoticeRule
    stages: StageRule
    labour_share: LabourShare | None = None
    equal_split: EqualSplit | None = None


def parse(body: str, name: str) -> PolicyText:
    """Read a policy from its text.

    Raises:
        PolicyProblem: With line or field of every fault.

    依据: 内部约定 (numbers of policy are data)
    """
    try:
        return PolicyText.model_validate(tomllib.loads(body))
    except tomllib.TOMLDecodeError as error:
        raise PolicyProblem(name, [f"TOML 格式错误：{error}"]) from error
    except ValidationError as error:
        reasons = [
            f"{'.'.join(str(part) for part in each['loc'])}：{_reason(each['type'])}"
            for each in error.errors()
        ]
        raise PolicyProblem(name, reasons) from error


def _reason(kind: str) -> str:
    words = {
        "missing": "没有填写",
        "extra_forbidden": "不认识的项",
        "literal_error": "不在可选范围",
        "date_from_datetime_parsing": "不是日期",
        "int_type": "应为整数",
        "string_type": "应为文字",
    }
    return words.get(kind, f"内容不对（{kind}）")


def files(extra: Path | None = None) -> dict[str, Path]:
    """Policy code → file, shipped ones and a district's own (which come last and may add).

    依据: 内部约定 (a district adds its own without touching code)
    """
    found = {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}
    if extra is not None:
        found |= {path.stem: path for path in sorted(extra.glob("*.toml"))}
    return found


def load(code: str, extra: Path | None = None) -> tuple[PolicyText, str]:
    """The policy of that code and its exact text.

    Raises:
        NotFound: No such policy.
    """
    path = files(extra).get(code)
    if path is None:
        raise NotFound("分配政策", code)
    body = path.read_text(encoding="utf-8")
    policy = parse(body, code)
    if policy.code != code:
        raise PolicyProblem(code, [f"文件名与编号“{policy.code}”不一致"])
    return policy, body


def lint(policy: PolicyText, on: date | None = None) -> list[str]:
    """What is wrong with a policy: citations, dates, contradictions of the waterfall.

    依据: 内部约定 (a value without a citation or past its end is an error)
    """
    from assets.sources import resolve

    found = []
    for where, cited in citations(policy):
        if not cited.document.strip():
            found.append(f"{where}没有文号")
        elif not cited.document.startswith("内部约定"):
            try:
                resolve(cited.shown(), recalled_too=True)
            except Refused as error:
                found.append(f"{where}：{error}")
            except ValueError as error:
                found.append(f"{where}：{error}")
    if policy.valid_to is not None and policy.valid_to < policy.valid_from:
        found.append("终止日期早于起始日期")
    if on is not None and not is_in_force(policy, on):
        found.append(f"{on}不在政策有效期内")
    rule = policy.labour_share
    if rule is not None and rule.valid_to is not None and on is not None and rule.valid_to < on:
        found.append(f"劳务比例规定已于{rule.valid_to}到期")
    found += [problem.message for problem in check_steps(steps_of(policy, jobs_fen=1))]
    return found


def citations(policy: PolicyText) -> list[tuple[str, Cited]]:
    """Every citation of a policy with what it stands for."""
    found = [("政策", policy.source)]
    found += [(f"步骤“{step.title}”", step.source) for step in policy.step]
    found += [("公示", policy.notice.source), ("环节", policy.stages.source)]
    if policy.labour_share is not None:
        found.append(("劳务比例", policy.labour_share.source))
    if policy.equal_split is not None:
        found.append(("平均分配", policy.equal_split.source))
    return found


def is_in_force(policy: PolicyText, on: date) -> bool:
    """Whether a policy may be used for a plan drafted on that day."""
    return policy.valid_from <= on and (policy.valid_to is None or on <= policy.valid_to)


def fraction(text: str) -> Fraction:
    """An exact fraction written 80/100 or 1/3.

    依据: 内部约定 (shares are exact)
    """
    return Fraction(text)


def steps_of(
    policy: PolicyText, *, jobs_fen: int, fixed_fen: dict[str, int] | None = None
) -> list[Step]:
    """The waterfall of a policy with a plan's own figures put in.

    ``jobs_fen`` is what the plan's posts cost in all; ``fixed_fen`` replaces the amount of fixed
    steps by channel.

    依据: 内部约定 (fixed amounts before portions, one remaining at the end)
    """
    steps: list[Step] = []
    for each in policy.step:
        to = _weight_rule(each)
        if each.kind == "fixed":
            amount = (fixed_fen or {}).get(each.channel, each.amount_fen)
            steps.append(Fixed(each.channel, amount, to))
        elif each.kind == "jobs":
            steps.append(Fixed(each.channel, jobs_fen, None))
        elif each.kind == "portion":
            steps.append(
                Portion(
                    each.channel,
                    fraction(each.share),
                    Rounding(each.rounding),
                    Base[each.base],
                    each.at_least_fen,
                    each.at_most_fen,
                    to,
                )
            )
        else:
            steps.append(Remaining(each.channel, to))
    return steps


def _weight_rule(each: PolicyStep) -> WeightRule | None:
    if not each.measure:
        return None
    return WeightRule(
        Measure[each.measure],
        class_weights_of(each),
        floor_fen=each.floor_fen,
        cap_fen=each.cap_fen,
    )


def member_class(status: str, labour_count: int) -> str:
    """The class of a household in a waterfall: its status, and whether it has any labour.

    依据: 国开办发〔2017〕61号 (persons without labour ability have a subsidy of their own)
    """
    return f"{status}/{'有劳动力' if labour_count else '无劳动力'}"


def class_weights_of(each: PolicyStep) -> dict[str, int | Fraction] | None:
    """Class → weight of one step; None where every household counts alike.

    依据: 内部约定 (a household outside the step's circle has weight 0 and stays on the list)
    """
    if not (each.class_weights or each.statuses or each.only_without_labour):
        return None
    weights: dict[str, int | Fraction] = {}
    for status in HouseholdStatus:
        weight = each.class_weights.get(status, 0) if each.class_weights else 1
        if each.statuses and status not in each.statuses:
            weight = 0
        for labour_count in (0, 1):
            outside = each.only_without_labour and labour_count > 0
            weights[member_class(status, labour_count)] = 0 if outside else weight
    return weights


def labour_minimum_fen(policy: PolicyText, income_fen: int, on: date) -> int | None:
    """The least fen for the labour channel (rounded up), None where no rule is in force.

    依据: 国开办司发〔2020〕3号 (labour channel at least 80 % in 2020)
    """
    rule = policy.labour_share
    if rule is None or on < rule.valid_from or (rule.valid_to is not None and on > rule.valid_to):
        return None
    share = fraction(rule.minimum)
    return -(-income_fen * share.numerator // share.denominator)


def store(session: Session, written: Entry, body: str, code: str) -> Policy:
    """Keep the text of a policy in the book, once per text.

    依据: 内部约定 (a plan names the text it was computed with)
    """
    sha256 = hashlib.sha256(body.encode()).hexdigest()
    found = session.exec(select(Policy).where(Policy.sha256 == sha256)).one_or_none()
    if found is not None:
        return found
    return written.add(Policy(code=code, sha256=sha256, body=body))


LABOUR_CHANNELS = (Channel.JOB, Channel.WORKS)
