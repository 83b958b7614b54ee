"""Was income spent on what it is not for, kept by a person, or split to stay under a limit?

F23, F24, F28.
"""

from datetime import date

from ledger.flags.rule import Rule

_START = date(2016, 1, 1)

RULES = (
    Rule(
        "F23",
        "疑似挪用",
        _START,
        "国办函〔2021〕51号; 内部约定 (按摘要用词筛查)",
        "{a}：{b}（{c}）",
        """
        SELECT 'BANK' AS kind, y.code || '/' || l.bank_ref AS code,
          coalesce(y.division_code, '') AS division, YEAR(l.booked_on) AS year,
          CASE WHEN #misuse-words:l.summary# THEN 1 ELSE 0 END AS bad, l.out_fen AS amount_fen,
          0 AS persons, 'SEVERE' AS grade, '银行支出' AS a, l.summary AS b,
          l.booked_on AS c, CASE WHEN l.summary = '' THEN '支出摘要' ELSE '' END AS missing
        FROM bank_line l JOIN current_party y ON y.party_id = l.party_id
        WHERE l.out_fen > 0 AND l.booked_on <= :on
        UNION ALL
        SELECT 'VOUCHER', y.code || '/' || CAST(v.month AS TEXT) || '-' || CAST(v.number AS TEXT),
          coalesce(y.division_code, ''), v.month / 100,
          CASE WHEN #misuse-words:v.summary# THEN 1 ELSE 0 END, v.debit_fen, 0, 'SEVERE',
          '记账凭证', v.summary, v.dated_on,
          CASE WHEN v.summary = '' THEN '凭证摘要' ELSE '' END
        FROM voucher v JOIN book_entity e ON e.id = v.entity_id
        JOIN current_party y ON y.party_id = e.party_id WHERE v.dated_on <= :on
        UNION ALL
        SELECT 'DEDUCTION', d.code, f.division_code, d.income_year,
          CASE WHEN #misuse-words:d.payee# THEN 1 ELSE 0 END, d.amount_fen, 0, 'SEVERE',
          '收益扣除', coalesce(d.payee, ''), d.happened_on, ''
        FROM deduction d JOIN current_asset f ON f.asset_id = d.asset_id
        WHERE d.happened_on <= :on
        """,
        ("misuse-words",),
        wants=(("bank_line", "银行对账单"),),
    ),
    Rule(
        "F24",
        "个人账户",
        _START,
        "农村集体经济组织法 第四十四条",
        "{a}的收款户名“{b}”不像单位户名",
        """
        SELECT 'PARTY' AS kind, y.code AS code, coalesce(y.division_code, '') AS division,
          0 AS year,
          CASE WHEN y.account_title <> y.title AND length(y.account_title) <= 4
            AND NOT #office-words:y.account_title# THEN 1 ELSE 0 END AS bad,
          0 AS amount_fen, 0 AS persons, 'SEVERE' AS grade, y.title AS a,
          y.account_title AS b, '' AS c,
          CASE WHEN coalesce(y.account_title, '') = '' THEN '收款户名' ELSE '' END AS missing
        FROM current_party y
        WHERE y.kind IN ('COLLECTIVE', 'COMMITTEE', 'TOWN', 'TOWN_POOL', 'DISTRICT_POOL', 'AGENCY')
          AND (coalesce(y.account_title, '') <> ''
            OR EXISTS (SELECT 1 FROM receipt r WHERE r.receiver_party_id = y.party_id)
            OR EXISTS (SELECT 1 FROM statement_line l WHERE l.holder_party_id = y.party_id))
        """,
        ("office-words",),
    ),
    Rule(
        "F28",
        "同额拆分或周末集中支出",
        _START,
        "内部约定 (统计筛查，同额略低于限额或周末集中)",
        "{a}{b}笔，每笔{c:yuan}元",
        """
        SELECT 'SPENDING' AS kind, y.code || '/' || CAST(x.year AS TEXT) AS code,
          coalesce(y.division_code, '') AS division, x.year AS year,
          CASE WHEN x.split > 0 OR x.weekend >= :weekend_times THEN 1 ELSE 0 END AS bad,
          CASE WHEN x.split > 0 THEN x.split_fen ELSE x.weekend_fen END AS amount_fen,
          0 AS persons, 'INFO' AS grade,
          CASE WHEN x.split > 0 THEN '同额略低于限额' ELSE '周末支出' END AS a,
          CASE WHEN x.split > 0 THEN x.split ELSE x.weekend END AS b, x.each_fen AS c,
          '' AS missing
        FROM (SELECT party_id, year, sum(weekend) AS weekend, sum(weekend_fen) AS weekend_fen,
            sum(CASE WHEN just_under > 0 AND times >= :split_times THEN times ELSE 0 END) AS split,
            sum(CASE WHEN just_under > 0 AND times >= :split_times THEN fen ELSE 0 END)
              AS split_fen,
            max(CASE WHEN just_under > 0 AND times >= :split_times THEN amount_fen ELSE 0 END)
              AS each_fen
          FROM (SELECT party_id, year, counterparty, amount_fen, count(*) AS times,
              sum(amount_fen) AS fen,
              max(CASE WHEN amount_fen < :split_limit
                AND amount_fen * 100 >= :split_limit * (100 - :split_under) THEN 1 ELSE 0 END)
                AS just_under,
              sum(CASE WHEN day_no IN (0, 6) THEN 1 ELSE 0 END) AS weekend,
              sum(CASE WHEN day_no IN (0, 6) THEN amount_fen ELSE 0 END) AS weekend_fen
            FROM (SELECT bearer_party_id AS party_id, income_year AS year,
                coalesce(payee, '') AS counterparty, amount_fen, WEEKDAY(happened_on) AS day_no
              FROM deduction WHERE happened_on <= :on
              UNION ALL
              SELECT party_id, YEAR(booked_on), coalesce(counterparty, ''), out_fen,
                WEEKDAY(booked_on)
              FROM bank_line l WHERE out_fen > 0 AND booked_on <= :on AND NOT EXISTS
                (SELECT 1 FROM deduction d WHERE d.bearer_party_id = l.party_id
                  AND d.amount_fen = l.out_fen AND d.happened_on = l.booked_on)) s
            GROUP BY party_id, year, counterparty, amount_fen) g
          GROUP BY party_id, year) x
        JOIN current_party y ON y.party_id = x.party_id
        """,
        ("split-limit", "split-under", "split-times", "weekend-times"),
    ),
)
"""依据: 国办函〔2021〕51号; 农村集体经济组织法 第四十四条."""
