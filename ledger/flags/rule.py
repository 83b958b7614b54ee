"""What is a flag rule? A named, dated, cited query that answers for every object it looks at.

A query gives one row an object: ``bad`` 1 where the rule fires, ``missing`` the fact without which
it cannot be judged ('' when nothing is missing). Fires comes before missing, missing before clean.
Queries are written once for both databases; what these say differently stands in capitals:
``DAYS(a, b)`` whole days from b to a, ``WEEKDAY(d)`` 0 = Sunday … 6, ``YEAR(d)``, ``MONTH(d)`` as
YYYYMM, ``YEARS_AFTER(d, n)``, ``FIRST_OF(m)`` the first day of YYYYMM, ``DAY('2020-01-01')``.
"""

import re
from dataclasses import dataclass
from datetime import date

from assets.columns import Labelled


class Grade(Labelled):
    """How grave a lead is (轻重)."""

    SEVERE = "SEVERE", "重要"
    WARN = "WARN", "一般"
    INFO = "INFO", "提示"


class Outcome(Labelled):
    """What a rule answers for one object."""

    FIRES = "FIRES", "疑点"
    CLEAN = "CLEAN", "未见异常"
    UNKNOWN = "UNKNOWN", "数据不足"


@dataclass(frozen=True)
class Rule:
    """One rule; ``sentence`` is filled with the columns a, b and c of its query.

    ``needs`` are tables without which no object can be judged, ``wants`` those without which none
    can be called clean: (table, what is missing in Chinese). ``parameters`` are the names of the
    limits the query uses.
    """

    code: str
    title: str
    valid_from: date
    source: str
    sentence: str
    query: str
    parameters: tuple[str, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    wants: tuple[tuple[str, str], ...] = ()
    revision: int = 1

    @property
    def version(self) -> str:
        """Number and first day, as a finding keeps it: ``F01/1@2016-01-01``."""
        return f"{self.code}/{self.revision}@{self.valid_from}"


PRELUDE: dict[str, str] = {
    "current_asset": (
        "SELECT * FROM (SELECT f.*, a.code, a.project_id, row_number() OVER (PARTITION BY "
        "f.asset_id ORDER BY f.valid_from DESC, f.entry_id DESC, f.id DESC) AS newest "
        "FROM asset_fact f JOIN asset a ON a.id = f.asset_id WHERE f.valid_from <= :on) x "
        "WHERE newest = 1"
    ),
    "current_plant": (
        "SELECT * FROM (SELECT f.*, row_number() OVER (PARTITION BY f.asset_id "
        "ORDER BY f.valid_from DESC, f.entry_id DESC, f.id DESC) AS newest "
        "FROM plant_fact f WHERE f.valid_from <= :on) x WHERE newest = 1"
    ),
    "current_project": (
        "SELECT * FROM (SELECT f.*, p.code, row_number() OVER (PARTITION BY f.project_id "
        "ORDER BY f.valid_from DESC, f.entry_id DESC, f.id DESC) AS newest "
        "FROM project_fact f JOIN project p ON p.id = f.project_id WHERE f.valid_from <= :on) x "
        "WHERE newest = 1"
    ),
    "current_party": (
        "SELECT * FROM (SELECT f.*, p.code, p.kind, row_number() OVER (PARTITION BY f.party_id "
        "ORDER BY f.valid_from DESC, f.entry_id DESC, f.id DESC) AS newest "
        "FROM party_fact f JOIN party p ON p.id = f.party_id WHERE f.valid_from <= :on) x "
        "WHERE newest = 1"
    ),
    "current_right": (
        "SELECT * FROM (SELECT r.*, rank() OVER (PARTITION BY r.asset_id, r.kind "
        "ORDER BY r.valid_from DESC, r.entry_id DESC) AS newest "
        "FROM asset_right r WHERE r.valid_from <= :on) x WHERE newest = 1"
    ),
    "current_household": (
        "SELECT * FROM (SELECT f.*, h.code, row_number() OVER (PARTITION BY f.household_id "
        "ORDER BY f.valid_from DESC, f.entry_id DESC, f.id DESC) AS newest "
        "FROM household_fact f JOIN household h ON h.id = f.household_id "
        "WHERE f.valid_from <= :on) x WHERE newest = 1"
    ),
    "current_person": (
        "SELECT * FROM (SELECT s.*, p.code, row_number() OVER (PARTITION BY s.person_id "
        "ORDER BY s.valid_from DESC, s.entry_id DESC, s.id DESC) AS newest "
        "FROM person_status s JOIN person p ON p.id = s.person_id WHERE s.valid_from <= :on) x "
        "WHERE newest = 1"
    ),
    "current_member": (
        "SELECT * FROM (SELECT m.*, row_number() OVER (PARTITION BY m.person_id "
        "ORDER BY m.valid_from DESC, m.entry_id DESC, m.id DESC) AS newest "
        "FROM membership m WHERE m.valid_from <= :on) x WHERE newest = 1"
    ),
    "current_state": (
        "SELECT e.object_kind, e.object_code, e.to_state, e.happened_on FROM status_event e "
        "JOIN (SELECT max(id) AS id FROM status_event WHERE happened_on <= :on "
        "GROUP BY object_kind, object_code) n ON n.id = e.id"
    ),
    "live_plan": (
        "SELECT p.*, s.to_state AS state, t.kind AS holder_kind, coalesce(t.division_code, '') "
        "AS division FROM plan p JOIN current_state s ON s.object_kind = 'PLAN' "
        "AND s.object_code = p.code AND s.to_state NOT IN ('WITHDRAWN', 'RETURNED') "
        "LEFT JOIN current_party t ON t.party_id = p.holder_party_id "
        "WHERE p.drafted_on <= :on"
    ),
    "first_payment": (
        "SELECT plan_id, min(made_on) AS made_on FROM payment_batch "
        "WHERE made_on <= :on GROUP BY plan_id"
    ),
    "going_plan": (
        "SELECT p.*, f.made_on AS first_paid_on FROM live_plan p "
        "LEFT JOIN first_payment f ON f.plan_id = p.id "
        "WHERE f.made_on IS NOT NULL OR p.state IN ('POSTED', 'PAYING', 'COMPLETED')"
    ),
    "in_scope": (
        "SELECT r.id AS roster_id, r.cut_off_on, p.code AS plan_code, p.income_year, "
        "v.village_code FROM live_plan p JOIN roster r ON r.id = p.roster_id "
        "JOIN (SELECT DISTINCT village_code FROM household_fact) v "
        "ON r.scope LIKE '%' || v.village_code || '%'"
    ),
    "rostered": (
        "SELECT roster_id, household_id, count(*) AS times FROM roster_line "
        "GROUP BY roster_id, household_id"
    ),
    "shared": (
        "SELECT plan_channel_id, household_id, sum(share_fen) AS share_fen FROM allocation "
        "GROUP BY plan_channel_id, household_id"
    ),
    "indexed": "SELECT kind, person_id, count(*) AS times FROM person_index GROUP BY kind, person_id",
    "asset_money": (
        "SELECT r.asset_id, r.arrived_on, r.amount_fen, r.stream, r.income_year, "
        "r.receiver_party_id FROM receipt r "
        "WHERE r.money_kind = 'INCOME' AND r.arrived_on <= :on"
    ),
}
"""Queries that many rules begin with: what holds on the day asked for.

Grouped ones (``rostered``, ``shared``, ``indexed``) are there so that a join on two columns looks
each row up once instead of walking all rows of a roster, a channel or a kind.
"""

_WORD = re.compile(r"\b(" + "|".join(PRELUDE) + r")\b")
_MACRO = re.compile(
    r"\b(DAYS|WEEKDAY|YEAR|MONTH|YEARS_AFTER|FIRST_OF|DAY)\(([^(),]+)(?:, ([^(),]+))?\)"
)
_SAID = {
    "sqlite": {
        "DAYS": "CAST(julianday({0}) - julianday({1}) AS INTEGER)",
        "WEEKDAY": "CAST(strftime('%w', {0}) AS INTEGER)",
        "YEAR": "CAST(strftime('%Y', {0}) AS INTEGER)",
        "MONTH": "CAST(strftime('%Y%m', {0}) AS INTEGER)",
        "YEARS_AFTER": "date({0}, '+{1} years')",
        "FIRST_OF": "date(substr({0}, 1, 4) || '-' || substr({0}, 5, 2) || '-01')",
        "DAY": "{0}",
    },
    "postgresql": {
        "DAYS": "({0} - {1})",
        "WEEKDAY": "CAST(extract(dow FROM {0}) AS INTEGER)",
        "YEAR": "CAST(extract(year FROM {0}) AS INTEGER)",
        "MONTH": "CAST(extract(year FROM {0}) * 100 + extract(month FROM {0}) AS INTEGER)",
        "YEARS_AFTER": "CAST({0} + CAST('{1} years' AS INTERVAL) AS DATE)",
        "FIRST_OF": "make_date(CAST({0} / 100 AS INTEGER), CAST({0} % 100 AS INTEGER), 1)",
        "DAY": "CAST({0} AS DATE)",
    },
}


def in_dialect(query: str, dialect: str) -> str:
    """A query with its capital words in the language of a database.

    依据: 内部约定 (one text of a rule for both databases)
    """
    words = _SAID[dialect]
    return _MACRO.sub(lambda found: words[found[1]].format(found[2], found[3]), query)


def prelude_of(query: str) -> list[str]:
    """The names of the prelude queries a query rests on, each after those it rests on itself."""
    needed: list[str] = []

    def take(text: str) -> None:
        for name in dict.fromkeys(_WORD.findall(text)):
            if name not in needed:
                take(PRELUDE[name])
                if name not in needed:
                    needed.append(name)

    take(query)
    return needed
