"""What do all rules answer on a day? Every object fires, is clean, or cannot be judged.

One query a rule, nothing row by row: the query's clean rows are counted in the database, the
others come out with the sentence that says what was seen. A table that is empty makes the rules
that need it answer 数据不足, never clean.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, text
from sqlmodel import Session

from assets.columns import Day, label_of
from assets.errors import NotFound
from assets.money import format_yuan
from assets.trail import digest_of
from ledger.flags import assets_held, earnings, funds, parameters, payments, plans, spending
from ledger.flags.rule import (
    PRELUDE,
    Grade,
    Outcome,
    Rule,
    in_dialect,
    prelude_of,
)

LEAD_NOTE = "疑点是待核实的线索，不是结论；处理以核查结果为准。"
RULES: tuple[Rule, ...] = tuple(
    sorted(
        (
            *funds.RULES,
            *assets_held.RULES,
            *earnings.RULES,
            *plans.RULES,
            *payments.RULES,
            *spending.RULES,
        ),
        key=lambda rule: rule.code,
    )
)

_SEE = {
    "ASSET": "fupin asset trace {code}",
    "FUND": "fupin asset trace --document {code}",
    "PLAN": "fupin plan show {code}",
    "HOUSEHOLD": "fupin household show {code}",
    "STATEMENT": "fupin income undistributed",
    "PAYMENT": "fupin pay list",
    "CONTRACT": "fupin income due",
}
_TOKEN = re.compile(r"#([a-z-]+)(?::([a-z_.]+))?#")


@dataclass(frozen=True)
class Flag:
    """What one rule answers for one object that is not clean; fen and persons concerned.

    ``evidence`` are digests of papers linked to the object, ``see`` the command that shows it.
    """

    rule: str
    rule_version: str
    title: str
    object_kind: str
    object_code: str
    division_code: str
    year: int
    outcome: str
    grade: str
    amount_fen: int
    person_count: int
    told: str
    missing: str
    snapshot_sha256: str
    evidence: tuple[str, ...] = ()

    @property
    def see(self) -> str:
        """The command that shows the object and its papers."""
        known = _SEE.get(self.object_kind, "fupin audit ask who {code}")
        return known.format(code=self.object_code)

    @property
    def grade_label(self) -> str:
        """重要、一般 or 提示."""
        return label_of(Grade, self.grade)


@dataclass(frozen=True)
class RuleAnswer:
    """How many objects a rule fires on, finds clean, cannot judge; and those not clean."""

    rule: Rule
    clean: int
    flags: tuple[Flag, ...]

    @property
    def fires(self) -> list[Flag]:
        """The objects on which the rule fires."""
        return [flag for flag in self.flags if flag.outcome == Outcome.FIRES]

    @property
    def unknown(self) -> list[Flag]:
        """The objects that cannot be judged."""
        return [flag for flag in self.flags if flag.outcome == Outcome.UNKNOWN]


def find_rule(code: str) -> Rule:
    """The rule called so.

    Raises:
        NotFound: There is none.
    """
    for rule in RULES:
        if rule.code == code.upper():
            return rule
    raise NotFound("疑点规则", f"{code}（有 {RULES[0].code} 至 {RULES[-1].code}）")


def run(
    session: Session,
    on: date,
    *,
    year: int = 0,
    division: str = "",
    rules: Sequence[str] = (),
) -> list[RuleAnswer]:
    """Ask the rules (all, if none is named) about the book as it stands, on a day.

    ``year`` keeps standing matters and those of that year; ``division`` a town's or village's.

    Raises:
        NotFound: No such rule.

    依据: 内部约定 (rules of the audit's suspicion catalogue, F01–F28)
    """
    chosen = [find_rule(code) for code in rules] or [
        each for each in RULES if each.valid_from <= on
    ]
    empty = _empty_tables(session, chosen)
    state = _state(session)
    return [_ask(session, rule, on, year, division, empty, state) for rule in chosen]


def query_of(rule: Rule, on: date, dialect: str) -> str:
    """The whole query of a rule: prelude, the rule's own text, clean rows counted.

    依据: 内部约定 (a rule can be read and run by whoever doubts it)
    """

    def said(found: re.Match[str]) -> str:
        if found[2]:
            return parameters.any_word(found[2], found[1], on)
        return str(parameters.in_force(found[1], on).value)

    own = _TOKEN.sub(said, rule.query)
    parts = [f"{name} AS ({PRELUDE[name]})" for name in prelude_of(own)]
    if "limit_on" in own:
        parts.insert(0, f"limit_on AS ({parameters.limit_rows(dialect)})")
    parts.append(f"asked AS MATERIALIZED ({own})")
    judged = (
        "SELECT kind, code, division, CAST(year AS BIGINT) AS year, "
        "CASE WHEN bad = 1 THEN 'FIRES' WHEN missing <> '' THEN 'UNKNOWN' ELSE 'CLEAN' END "
        "AS outcome, grade, CAST(coalesce(amount_fen, 0) AS BIGINT) AS amount_fen, "
        "CAST(coalesce(persons, 0) AS BIGINT) AS persons, "
        "CAST(a AS TEXT) AS a, CAST(b AS TEXT) AS b, CAST(c AS TEXT) AS c, missing FROM asked "
        "WHERE (:year = 0 OR year IN (0, :year)) AND division LIKE :division"
    )
    parts.append(f"judged AS MATERIALIZED ({judged})")
    return in_dialect(
        f"WITH {', '.join(parts)} SELECT * FROM judged WHERE outcome <> 'CLEAN' UNION ALL "
        "SELECT '', '', '', 0, 'CLEAN', '', CAST(count(*) AS BIGINT), 0, '', '', '', '' "
        "FROM judged WHERE outcome = 'CLEAN'",
        dialect,
    )


def _ask(
    session: Session,
    rule: Rule,
    on: date,
    year: int,
    division: str,
    empty: set[str],
    state: str,
) -> RuleAnswer:
    dialect = session.connection().dialect.name
    values: dict[str, Any] = {
        **parameters.bound(rule.parameters, on),
        "on": on,
        "year": year,
        "division": f"{_prefix(division)}%",
    }
    query = query_of(rule, on, dialect)
    used = {name: value for name, value in values.items() if re.search(rf":{name}\b", query)}
    days = [bindparam(name, type_=Day()) for name, value in used.items() if isinstance(value, date)]
    rows = session.execute(text(query).bindparams(*days), used).all()
    clean = next(row.amount_fen for row in rows if row.outcome == Outcome.CLEAN)
    lacking = [said for table, said in rule.needs if table in empty]
    wanting = [said for table, said in (*rule.needs, *rule.wants) if table in empty]
    measured = parameters.digest(rule.parameters, on)
    found = [row for row in rows if row.outcome != Outcome.CLEAN]
    if lacking:
        flags = [_unknown(rule, on, clean + len(found), lacking, state, measured)]
        return RuleAnswer(rule, 0, tuple(flags))
    flags = [_flag(rule, row, state, measured) for row in found]
    if wanting and clean:
        flags.append(_unknown(rule, on, clean, wanting, state, measured))
        clean = 0
    papers = _papers(session, flags)
    return RuleAnswer(rule, clean, tuple(_with_papers(flag, papers) for flag in flags))


def _flag(rule: Rule, row: Any, state: str, measured: str) -> Flag:
    told = rule.sentence.format(a=_Cell(row.a), b=_Cell(row.b), c=_Cell(row.c))
    facts = (rule.version, measured, state, row.kind, row.code, str(row.amount_fen), told)
    return Flag(
        rule.code,
        rule.version,
        rule.title,
        row.kind,
        row.code,
        row.division,
        int(row.year),
        row.outcome,
        row.grade,
        int(row.amount_fen),
        int(row.persons),
        told if row.outcome == Outcome.FIRES else "",
        row.missing,
        digest_of(*facts),
    )


def _unknown(
    rule: Rule, on: date, count: int, lacking: Sequence[str], state: str, measured: str
) -> Flag:
    """All objects of a rule at once, because a whole table is empty."""
    missing = "、".join(dict.fromkeys(lacking))
    return Flag(
        rule.code,
        rule.version,
        rule.title,
        "ALL",
        f"全部{count}项" if count else "全部",
        "",
        0,
        Outcome.UNKNOWN.value,
        Grade.INFO.value,
        0,
        0,
        "",
        f"{missing}（表为空）",
        digest_of(rule.version, measured, state, str(on), missing),
    )


class _Cell(str):
    """A column of a query in a sentence; ``{a:yuan}`` shows fen as yuan."""

    def __new__(cls, value: str | None) -> "_Cell":
        return super().__new__(cls, "无" if value in (None, "") else value)

    def __format__(self, how: str) -> str:
        if how == "yuan" and self != "无":
            return format_yuan(int(Decimal(self)))
        return str(self)


def _prefix(division: str) -> str:
    """The digits by which everything in a town (or a village) begins."""
    if division.endswith("000000"):
        return division[:6]
    return division[:9] if division.endswith("000") else division


def _empty_tables(session: Session, rules: Sequence[Rule]) -> set[str]:
    names = {table for rule in rules for table, _ in (*rule.needs, *rule.wants)}
    return {
        name
        for name in names
        if session.execute(text(f"SELECT 1 FROM {name} LIMIT 1")).first() is None
    }


def _state(session: Session) -> str:
    """The newest leaf of the log: what the book was when the rules were asked."""
    row = session.execute(text("SELECT id, leaf FROM log ORDER BY id DESC LIMIT 1")).first()
    return f"{row.id}:{bytes(row.leaf).hex()}" if row is not None else ""


def _papers(session: Session, flags: Sequence[Flag]) -> dict[tuple[str, str], list[str]]:
    """Digests of the papers of every flagged object, asked for once."""
    if not flags:
        return {}
    rows = session.execute(
        text(
            "SELECT l.object_kind, l.object_code, e.sha256 FROM evidence_link l "
            "JOIN evidence e ON e.id = l.evidence_id WHERE l.object_kind <> 'IMPORT' "
            "ORDER BY e.id"
        )
    ).all()
    found: dict[tuple[str, str], list[str]] = {}
    for kind, code, sha256 in rows:
        found.setdefault((kind, code), []).append(sha256)
    return found


def _with_papers(flag: Flag, papers: dict[tuple[str, str], list[str]]) -> Flag:
    digests = papers.get((flag.object_kind, flag.object_code))
    if not digests:
        return flag
    from dataclasses import replace

    return replace(flag, evidence=tuple(dict.fromkeys(digests)))
