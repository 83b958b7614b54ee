"""What does the database itself refuse about money and duties? Triggers on both databases.

Sealed vouchers, closed months, separation of duties, one live payment per entitlement, batches
that agree with their lines, what an audit has frozen. ``assets.trail.schema`` installs them beside the append-only guards;
each has a test in which it refuses.
"""

import re

_CONFLICT_NOTE = "岗位不相容：同一人不得经办同一事项的两个相互制约环节"


def guard_statements(dialect: str) -> dict[str, str]:
    """Trigger name → SQL of the accounts' own guards.

    依据: 会计法 (vouchers are not altered; 记账 apart from approval and custody); 财会〔2023〕14号
    """
    if dialect == "sqlite":
        return {
            **{name: _sqlite(name, table, asked) for name, (table, asked) in _rules().items()},
            **{
                name: _sqlite(name, table, asked, "BEFORE DELETE")
                for name, (table, asked) in _kept().items()
            },
        }
    return {
        **{name: _postgresql_trigger(name, table) for name, (table, _) in _rules().items()},
        **{
            name: _postgresql_trigger(name, table, "BEFORE DELETE")
            for name, (table, _) in _kept().items()
        },
    }


def function_statements(dialect: str) -> list[str]:
    """PostgreSQL functions the triggers call; none on SQLite."""
    if dialect == "sqlite":
        return []
    inserts = [_postgresql_function(name, asked) for name, (_, asked) in _rules().items()]
    return inserts + [
        _postgresql_function(name, asked, "OLD") for name, (_, asked) in _kept().items()
    ]


def _rules() -> "Rules":
    """What an insert must not do."""
    return {**_seal(), **_duties(), **_payments(), **_frozen()}


Rules = dict[str, tuple[str, list[tuple[str, str]]]]
"""Trigger name → table and (condition that must not hold, message) pairs, in order."""


def _seal() -> Rules:
    lines = "voucher_line WHERE id BETWEEN NEW.first_line_id AND NEW.last_line_id"
    return {
        "seal_voucher": (
            "voucher",
            [
                (
                    "EXISTS (SELECT 1 FROM month_close WHERE entity_id = NEW.entity_id "
                    "AND month = NEW.month)",
                    "本月已结账，不得再记凭证；如需更正，请在未结账月份做红字冲销",
                ),
                (
                    "EXISTS (SELECT 1 FROM voucher WHERE id = NEW.id)",
                    "凭证不得替换",
                ),
                (
                    "NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM voucher "
                    "WHERE entity_id = NEW.entity_id AND month = NEW.month)",
                    "凭证号必须连续",
                ),
                (
                    "NEW.first_line_id <> coalesce((SELECT last_line_id FROM voucher "
                    "WHERE id = NEW.id - 1), 0) + 1",
                    "凭证分录范围不连续",
                ),
                (
                    f"NOT EXISTS (SELECT count(*) FROM {lines} HAVING count(*) = NEW.line_count "
                    "AND count(*) = NEW.last_line_id - NEW.first_line_id + 1 AND count(*) >= 2 "
                    "AND sum(side * amount_fen) = 0 "
                    "AND sum(CASE WHEN side = 1 THEN amount_fen ELSE 0 END) = NEW.debit_fen "
                    "AND min(voucher_id) = NEW.id AND max(voucher_id) = NEW.id "
                    "AND min(entry_id) = NEW.entry_id AND max(entry_id) = NEW.entry_id)",
                    "凭证借贷不平或分录不全",
                ),
                (
                    f"EXISTS (SELECT 1 FROM (SELECT * FROM {lines}) l "
                    "LEFT JOIN account a ON a.id = l.account_id "
                    "LEFT JOIN dimension d ON d.id = l.dimension_id "
                    "LEFT JOIN household h ON h.id = l.household_id "
                    "WHERE a.id IS NULL OR (l.dimension_id <> 0 AND d.id IS NULL) "
                    "OR (l.household_id <> 0 AND h.id IS NULL))",
                    "分录所用科目、辅助核算或农户不存在",
                ),
            ],
        ),
        "keep_month_closed": (
            "month_close",
            [
                (
                    "NEW.voucher_count <> (SELECT count(*) FROM voucher "
                    "WHERE entity_id = NEW.entity_id AND month = NEW.month)",
                    "月结凭证数不符",
                ),
                (
                    "EXISTS (SELECT 1 FROM month_close WHERE entity_id = NEW.entity_id "
                    "AND month > NEW.month)",
                    "以后月份已结账，不得补结",
                ),
            ],
        ),
    }


# Duties that one actor may not both perform on one object, in whatever round: who drafted a plan
# does not review it after its return either. DECIDE is a meeting's act: who keeps its minutes may be
# the maker; only a handover has one giver and one receiver, who are not the same person.
_CONFLICTS = (
    ("MAKE", "SUPERVISE"),
    ("MAKE", "REVIEW"),
    ("MAKE", "APPROVE"),
    ("DECIDE", "REVIEW"),
    ("DECIDE", "APPROVE"),
    ("SUPERVISE", "REVIEW"),
    ("SUPERVISE", "APPROVE"),
    ("REVIEW", "APPROVE"),
    ("REVIEW", "PAY"),
    ("APPROVE", "PAY"),
    ("SUPERVISE", "PAY"),
    ("DECIDE", "SUPERVISE"),
)


def _duties() -> Rules:
    pairs = " OR ".join(
        f"(s.duty = '{a}' AND NEW.duty = '{b}') OR (s.duty = '{b}' AND NEW.duty = '{a}')"
        for a, b in _CONFLICTS
    )
    waived = (
        "NOT EXISTS (SELECT 1 FROM waiver w WHERE w.actor_code = {who} "
        "AND w.object_kind = NEW.object_kind AND w.object_code = NEW.object_code "
        "AND NEW.acted_on BETWEEN w.valid_from AND w.valid_to)"
    )
    sides = (
        "NEW.object_kind = 'HANDOVER' AND ((s.stage = 'DRAFT' AND NEW.stage = 'RESOLVE') "
        "OR (s.stage = 'RESOLVE' AND NEW.stage = 'DRAFT'))"
    )
    same_object = "s.object_kind = NEW.object_kind AND s.object_code = NEW.object_code"
    return {
        "separate_duties": (
            "stage_act",
            [
                (
                    f"EXISTS (SELECT 1 FROM stage_act s WHERE {same_object} "
                    f"AND s.actor_code = NEW.actor_code AND ({pairs} OR ({sides}))) AND "
                    + waived.format(who="NEW.actor_code"),
                    _CONFLICT_NOTE,
                ),
                (
                    "NEW.duty IN ('REVIEW', 'APPROVE') AND EXISTS (SELECT 1 FROM stage_act s "
                    f"WHERE {same_object} AND s.recorder = NEW.recorder AND s.duty = 'MAKE') AND "
                    + waived.format(who="NEW.recorder"),
                    "录入人不得审核自己录入的事项；确有困难的，先登记岗位分离豁免",
                ),
            ],
        )
    }


def _payments() -> Rules:
    lines = "payment_line WHERE id BETWEEN NEW.first_line_id AND NEW.last_line_id"
    return {
        "one_live_payment": (
            "payment_batch",
            [
                (
                    f"NOT EXISTS (SELECT count(*) FROM {lines} HAVING count(*) = NEW.line_count "
                    "AND sum(amount_fen) = NEW.amount_fen "
                    "AND min(payment_batch_id) = NEW.id AND max(payment_batch_id) = NEW.id)",
                    "支付批次与明细不符",
                ),
                (
                    f"EXISTS (SELECT 1 FROM (SELECT * FROM {lines}) n "
                    "JOIN payment_line o ON o.entitlement_id = n.entitlement_id AND o.id <> n.id "
                    "LEFT JOIN payment_result r ON r.payment_line_id = o.id "
                    "AND r.outcome = 'RETURNED' WHERE r.id IS NULL)",
                    "同一笔应发款已在支付中或已支付，不得重复支付",
                ),
                (
                    f"EXISTS (SELECT 1 FROM (SELECT * FROM {lines}) n "
                    "LEFT JOIN entitlement e ON e.id = n.entitlement_id "
                    "WHERE e.id IS NULL OR e.amount_fen <> n.amount_fen "
                    "OR e.household_id <> n.household_id OR e.plan_id <> NEW.plan_id)",
                    "支付明细与应发不符",
                ),
                (
                    f"EXISTS (SELECT 1 FROM (SELECT * FROM {lines}) n "
                    "JOIN (SELECT w.household_id, w.outcome FROM withholding w "
                    "WHERE w.plan_id = NEW.plan_id AND w.id = (SELECT max(x.id) FROM withholding x "
                    "WHERE x.plan_id = w.plan_id AND x.household_id = w.household_id)) h "
                    "ON h.household_id = n.household_id WHERE h.outcome <> 'RELEASED')",
                    "该户款项暂缓发放，处理完毕并解除后方可支付",
                ),
            ],
        )
    }


# What an audit freeze keeps as it is, table by table: how the row names the frozen object, the day
# the change speaks of, and what goes on all the same. A freeze ends on its last day for changes that
# speak of a later day, and altogether when it is lifted (a row of kind LIFT with its code).
_OF_ASSET = "(SELECT code FROM asset WHERE id = NEW.asset_id)"
_OF_PLAN = "(SELECT code FROM plan WHERE id = NEW.plan_id)"
_OF_HOUSEHOLD = "(SELECT code FROM household WHERE id = NEW.household_id)"
_FROZEN: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "status_event",
        "NEW.object_kind",
        "NEW.object_code",
        "NEW.happened_on",
        "NEW.object_kind = 'FINDING' OR (NEW.object_kind = 'PLAN' "
        "AND NEW.to_state IN ('PAYING', 'COMPLETED'))",
    ),
    (
        "stage_act",
        "NEW.object_kind",
        "NEW.object_code",
        "NEW.acted_on",
        "NEW.stage IN ('BATCH', 'RELEASE')",
    ),
    ("decision", "NEW.object_kind", "NEW.object_code", "NEW.held_on", ""),
    ("notice", "NEW.object_kind", "NEW.object_code", "NEW.posted_on", ""),
    ("evidence_link", "NEW.object_kind", "NEW.object_code", "", "NEW.object_kind = 'FINDING'"),
    ("asset_fact", "'ASSET'", _OF_ASSET, "NEW.valid_from", ""),
    ("asset_right", "'ASSET'", _OF_ASSET, "NEW.valid_from", ""),
    ("fund_contribution", "'ASSET'", _OF_ASSET, "", ""),
    ("contribution_difference", "'ASSET'", _OF_ASSET, "", ""),
    ("title_item", "'ASSET'", _OF_ASSET, "", ""),
    ("handover_item", "'ASSET'", _OF_ASSET, "", ""),
    ("disposal", "'ASSET'", _OF_ASSET, "NEW.applied_on", ""),
    ("adjustment", "'PLAN'", _OF_PLAN, "", ""),
    ("household_fact", "'HOUSEHOLD'", _OF_HOUSEHOLD, "NEW.valid_from", ""),
    ("membership", "'HOUSEHOLD'", _OF_HOUSEHOLD, "NEW.valid_from", ""),
    ("payment_batch", "'PAYMENT'", _OF_PLAN, "NEW.made_on", ""),
)
_FROZEN_NOTE = "该事项已被审计冻结，解除前不得变更；如需更正，请报审计机关同意后先解除冻结"
_STANDS = (
    "NOT EXISTS (SELECT 1 FROM audit_freeze x WHERE x.object_kind = 'LIFT' "
    "AND x.object_code = f.code)"
)


def _frozen() -> Rules:
    rules: Rules = {}
    for table, kind, code, day, goes_on in _FROZEN:
        ended = f" AND (f.valid_to IS NULL OR {day} <= f.valid_to)" if day else ""
        condition = (
            "EXISTS (SELECT 1 FROM audit_freeze f "
            f"WHERE f.object_kind = {kind} AND f.object_code = {code}{ended} AND {_STANDS})"
        )
        if goes_on:
            condition = f"NOT ({goes_on}) AND {condition}"
        rules[f"freeze_{table}"] = (table, [(condition, _FROZEN_NOTE)])
    rules["freeze_voucher"] = ("voucher", [(_frozen_period(), _FROZEN_NOTE)])
    return rules


def _frozen_period() -> str:
    """A voucher dated in a frozen period, or one that reverses or corrects one of it.

    A period is named by party and year or month: ``V440203102203/2019``, ``*/201912``.
    """
    return (
        "EXISTS (SELECT 1 FROM audit_freeze f JOIN book_entity e ON e.id = NEW.entity_id "
        "JOIN party p ON p.id = e.party_id JOIN (SELECT NEW.month AS month UNION "
        "SELECT v.month FROM voucher v WHERE v.id = NEW.reverses_voucher_id UNION "
        "SELECT v.month FROM voucher v WHERE v.id = NEW.adjusts_voucher_id) m ON 1 = 1 "
        f"WHERE f.object_kind = 'PERIOD' AND {_STANDS} AND f.object_code IN ("
        "p.code || '/' || CAST(m.month AS TEXT), p.code || '/' || CAST(m.month / 100 AS TEXT), "
        "'*/' || CAST(m.month AS TEXT), '*/' || CAST(m.month / 100 AS TEXT)))"
    )


def _kept() -> Rules:
    """What must not be deleted while it is frozen: contents of evidence, and keys to names."""
    named = (
        "EXISTS (SELECT 1 FROM audit_freeze f "
        f"WHERE f.object_kind = 'EVIDENCE' AND f.object_code = {{sha}} AND {_STANDS})"
    )
    linked = (
        "EXISTS (SELECT 1 FROM evidence e JOIN evidence_link l ON l.evidence_id = e.id "
        "JOIN audit_freeze f ON f.object_kind = l.object_kind AND f.object_code = l.object_code "
        f"WHERE e.sha256 = {{sha}} AND {_STANDS})"
    )
    of_key = "substr(OLD.owner, 10)"
    household = (
        "EXISTS (SELECT 1 FROM audit_freeze f "
        f"WHERE f.object_kind = 'HOUSEHOLD' AND f.object_code = OLD.owner AND {_STANDS})"
    )
    both = f"{named} OR {linked}"
    return {
        "freeze_evidence_content": (
            "evidence_content",
            [(both.format(sha="OLD.sha256"), _FROZEN_NOTE)],
        ),
        "freeze_data_key": (
            "data_key",
            [
                (household, _FROZEN_NOTE),
                (f"OLD.owner LIKE 'evidence:%' AND ({both.format(sha=of_key)})", _FROZEN_NOTE),
            ],
        ),
    }


def _sqlite(
    name: str, table: str, conditions: list[tuple[str, str]], when: str = "BEFORE INSERT"
) -> str:
    body = " ".join(
        f"SELECT RAISE(ABORT, '{message}') WHERE {_flat(condition)};"
        for condition, message in conditions
    )
    return f"CREATE TRIGGER {name} {when} ON {table} BEGIN {body} END"


def _postgresql_function(name: str, conditions: list[tuple[str, str]], row: str = "NEW") -> str:
    body = " ".join(
        f"IF {_flat(condition)} THEN RAISE EXCEPTION '{message}'; END IF;"
        for condition, message in conditions
    )
    return (
        f"CREATE OR REPLACE FUNCTION fupin_{name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {body} RETURN {row}; END $$"
    )


def _postgresql_trigger(name: str, table: str, when: str = "BEFORE INSERT") -> str:
    return f"CREATE TRIGGER {name} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION fupin_{name}()"


def _flat(condition: str) -> str:
    return re.sub(r"\s+", " ", condition)
