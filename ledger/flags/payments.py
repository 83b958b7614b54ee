"""Did the right person get the money, once, for work done? F15–F17, F21."""

from datetime import date

from ledger.flags.rule import Rule

_START = date(2016, 1, 1)
_INDEX = (("person_index", "证件和卡号索引"),)

RULES = (
    Rule(
        "F15",
        "重复领取",
        _START,
        "国开办发〔2017〕61号; 内部约定 (一人一户一渠道一年一次)",
        "{a}{b}",
        """
        SELECT 'HOUSEHOLD' AS kind, h.code AS code, coalesce(f.village_code, '') AS division,
          x.year AS year, CASE WHEN x.wrong <> '' THEN 1 ELSE 0 END AS bad, x.fen AS amount_fen,
          1 AS persons, 'SEVERE' AS grade, x.wrong AS a, '' AS b, '' AS c,
          CASE WHEN x.unindexed > 0 THEN '证件号' ELSE '' END AS missing
        FROM (SELECT e.household_id, e.year, e.fen, coalesce(u.unindexed, 0) AS unindexed,
            CASE WHEN e.twice > 0 THEN '同方案同渠道同月两次应发；' ELSE '' END
            || CASE WHEN e.holders > 1 THEN '两个村的方案同渠道发放；' ELSE '' END
            || CASE WHEN s.household_id IS NOT NULL THEN '同一证件号在两户领取；' ELSE '' END
              AS wrong
          FROM (SELECT household_id, year, sum(fen) AS fen, max(holders) AS holders,
              sum(twice) AS twice
            FROM (SELECT household_id, year, channel, sum(fen) AS fen,
                count(DISTINCT holder) AS holders,
                sum(CASE WHEN times > 1 THEN 1 ELSE 0 END) AS twice
              FROM (SELECT n.household_id, p.income_year AS year, c.channel,
                  CASE WHEN p.kind = 'VILLAGE' THEN p.holder_party_id END AS holder,
                  n.plan_channel_id, n.person_id, n.concerns_month, count(*) AS times,
                  sum(n.amount_fen) AS fen
                FROM entitlement n JOIN live_plan p ON p.id = n.plan_id
                JOIN plan_channel c ON c.id = n.plan_channel_id
                GROUP BY n.household_id, p.income_year, c.channel, p.kind, p.holder_party_id,
                  n.plan_channel_id, n.person_id, n.concerns_month) g
              GROUP BY household_id, year, channel) k
            GROUP BY household_id, year) e
          LEFT JOIN (SELECT DISTINCT a.household_id, a.year
            FROM (SELECT DISTINCT i.digest, m.household_id, p.income_year AS year, c.channel
              FROM person_index i JOIN current_member m ON m.person_id = i.person_id
              JOIN entitlement n ON n.household_id = m.household_id
              JOIN live_plan p ON p.id = n.plan_id
              JOIN plan_channel c ON c.id = n.plan_channel_id
              WHERE i.kind = 'ID' AND i.digest IN (SELECT digest FROM person_index
                WHERE kind = 'ID' GROUP BY digest HAVING count(*) > 1)) a
            JOIN (SELECT DISTINCT i.digest, m.household_id, p.income_year AS year, c.channel
              FROM person_index i JOIN current_member m ON m.person_id = i.person_id
              JOIN entitlement n ON n.household_id = m.household_id
              JOIN live_plan p ON p.id = n.plan_id
              JOIN plan_channel c ON c.id = n.plan_channel_id
              WHERE i.kind = 'ID' AND i.digest IN (SELECT digest FROM person_index
                WHERE kind = 'ID' GROUP BY digest HAVING count(*) > 1)) b
              ON b.digest = a.digest AND b.year = a.year AND b.channel = a.channel
              AND b.household_id <> a.household_id) s
            ON s.household_id = e.household_id AND s.year = e.year
          LEFT JOIN (SELECT m.household_id, sum(CASE WHEN i.person_id IS NULL THEN 1 ELSE 0 END)
              AS unindexed
            FROM current_member m
            LEFT JOIN indexed i ON i.kind = 'ID' AND i.person_id = m.person_id
            GROUP BY m.household_id) u ON u.household_id = e.household_id) x
        JOIN household h ON h.id = x.household_id
        LEFT JOIN current_household f ON f.household_id = x.household_id
        """,
        wants=_INDEX,
    ),
    Rule(
        "F16",
        "代领或一卡多人",
        _START,
        "唐政办〔2024〕42号; 内部约定 (代领须有委托书或监护证明)",
        "{a}收款人{b}",
        """
        SELECT 'HOUSEHOLD' AS kind, h.code AS code, coalesce(f.village_code, '') AS division,
          x.year AS year, CASE WHEN x.strange + x.shared > 0 THEN 1 ELSE 0 END AS bad,
          CASE WHEN x.strange + x.shared > 0 THEN x.wrong_fen ELSE 0 END AS amount_fen,
          1 AS persons, 'SEVERE' AS grade,
          CASE WHEN x.strange > 0 THEN '收款人不是本户成员且无委托；' ELSE '' END
            || CASE WHEN x.shared > 0 THEN '同一卡号收两户以上的钱；' ELSE '' END AS a,
          x.payee AS b, '' AS c,
          CASE WHEN x.cardless > 0 THEN '收款卡号' ELSE '' END AS missing
        FROM (SELECT l.household_id, p.income_year AS year, min(s.code) AS payee,
            sum(CASE WHEN m.person_id IS NULL AND w.household_id IS NULL THEN 1 ELSE 0 END)
              AS strange,
            sum(CASE WHEN d.person_id IS NOT NULL AND w.household_id IS NULL THEN 1 ELSE 0 END)
              AS shared,
            sum(CASE WHEN w.household_id IS NULL AND (m.person_id IS NULL
              OR d.person_id IS NOT NULL) THEN l.amount_fen ELSE 0 END) AS wrong_fen,
            sum(CASE WHEN i.person_id IS NULL AND b.rail <> 'CASH' THEN 1 ELSE 0 END) AS cardless
          FROM payment_line l JOIN payment_batch b ON b.id = l.payment_batch_id
          JOIN plan p ON p.id = b.plan_id LEFT JOIN person s ON s.id = l.payee_person_id
          LEFT JOIN (SELECT person_id, household_id, min(valid_from) AS since FROM membership
            GROUP BY person_id, household_id) m ON m.person_id = l.payee_person_id
            AND m.household_id = l.household_id AND m.since <= b.made_on
          LEFT JOIN (SELECT household_id, payee_person_id, min(valid_from) AS valid_from,
              max(valid_to) AS valid_to FROM payee_authority
            GROUP BY household_id, payee_person_id) w ON w.household_id = l.household_id
            AND w.payee_person_id = l.payee_person_id
            AND b.made_on BETWEEN w.valid_from AND w.valid_to
          LEFT JOIN indexed i ON i.kind = 'CARD' AND i.person_id = l.payee_person_id
          LEFT JOIN (SELECT i.person_id FROM person_index i
            JOIN (SELECT c.digest FROM person_index c
              JOIN (SELECT DISTINCT payee_person_id, household_id FROM payment_line) y
                ON y.payee_person_id = c.person_id WHERE c.kind = 'CARD'
              GROUP BY c.digest HAVING count(DISTINCT y.household_id) > 1) g
              ON g.digest = i.digest WHERE i.kind = 'CARD') d ON d.person_id = l.payee_person_id
          WHERE b.made_on <= :on GROUP BY l.household_id, p.income_year) x
        JOIN household h ON h.id = x.household_id
        LEFT JOIN current_household f ON f.household_id = x.household_id
        """,
        wants=_INDEX,
    ),
    Rule(
        "F17",
        "岗位不实",
        _START,
        "国开办司发〔2020〕3号; 内部约定 (凭考勤计发、年龄和岗位数上限)",
        "方案{a}：{b}",
        """
        SELECT 'PERSON' AS kind, s.code AS code, coalesce(f.village_code, '') AS division,
          x.year AS year, CASE WHEN x.wrong <> '' THEN 1 ELSE 0 END AS bad,
          CASE WHEN x.unearned_fen > 0 THEN x.unearned_fen ELSE x.fen END AS amount_fen,
          1 AS persons, 'SEVERE' AS grade, x.plan_code AS a, x.wrong AS b, '' AS c,
          CASE WHEN x.birth_year IS NULL THEN '出生年份' WHEN x.labour IS NULL THEN '劳动能力'
            ELSE '' END AS missing
        FROM (SELECT w.person_id, w.household_id, p.code AS plan_code, p.income_year AS year,
            w.fen, w.unearned_fen, t.birth_year, t.labour,
            CASE WHEN w.unearned > 0 THEN CAST(w.unearned AS TEXT) || '个月无出勤而计发；'
              ELSE '' END
            || CASE WHEN w.last_month / 100 - t.birth_year > :worker_age THEN '年龄过大；'
              ELSE '' END
            || CASE WHEN t.labour IN ('NONE', 'LOST') THEN '登记为无劳动能力；' ELSE '' END
            || CASE WHEN k.posts > :posts_each THEN '同月' || CAST(k.posts AS TEXT) || '个岗位；'
              ELSE '' END AS wrong
          FROM (SELECT e.plan_id, e.person_id, e.household_id, sum(e.amount_fen) AS fen,
              max(e.concerns_month) AS last_month,
              sum(CASE WHEN coalesce(a.day_count, 0) = 0 THEN 1 ELSE 0 END) AS unearned,
              sum(CASE WHEN coalesce(a.day_count, 0) = 0 THEN e.amount_fen ELSE 0 END)
                AS unearned_fen
            FROM entitlement e JOIN plan_channel c ON c.id = e.plan_channel_id
              AND c.channel = 'JOB'
            LEFT JOIN (SELECT j.plan_id, t.person_id, t.month, sum(t.day_count) AS day_count
              FROM attendance t JOIN job_post j ON j.id = t.job_post_id
              GROUP BY j.plan_id, t.person_id, t.month) a ON a.plan_id = e.plan_id
              AND a.person_id = e.person_id AND a.month = e.concerns_month
            WHERE e.concerns_month > 0 GROUP BY e.plan_id, e.person_id, e.household_id) w
          JOIN live_plan p ON p.id = w.plan_id
          LEFT JOIN current_person t ON t.person_id = w.person_id
          LEFT JOIN (SELECT person_id, max(posts) AS posts
            FROM (SELECT person_id, month, count(DISTINCT job_post_id) AS posts FROM attendance
              WHERE day_count > 0 GROUP BY person_id, month) m GROUP BY person_id) k
            ON k.person_id = w.person_id) x
        JOIN person s ON s.id = x.person_id
        LEFT JOIN current_household f ON f.household_id = x.household_id
        """,
        ("worker-age", "posts-each"),
        needs=(("attendance", "岗位考勤"), ("person_status", "人员状态")),
    ),
    Rule(
        "F21",
        "发放失败未处理",
        _START,
        "内部约定 (退汇次月核实重发)",
        "{a}，{b}，原因{c}",
        """
        SELECT 'PAYMENT' AS kind, b.code || '/' || CAST(l.serial_no AS TEXT) AS code,
          p.division AS division, p.income_year AS year,
          CASE WHEN r.outcome = 'RETURNED' AND r.happened_on < :returned_open
            AND n.reissue_of IS NULL THEN 1 ELSE 0 END AS bad,
          l.amount_fen AS amount_fen, 1 AS persons, 'WARN' AS grade,
          CASE r.outcome WHEN 'RETURNED' THEN '退汇' WHEN 'PAID' THEN '已付' ELSE '无回单' END AS a,
          coalesce(r.happened_on, b.made_on) AS b, coalesce(r.reason_code, '') AS c,
          CASE WHEN r.id IS NULL AND b.made_on < :returned_open THEN '银行回盘' ELSE '' END AS missing
        FROM payment_line l JOIN payment_batch b ON b.id = l.payment_batch_id
        JOIN live_plan p ON p.id = b.plan_id
        LEFT JOIN payment_result r ON r.payment_line_id = l.id AND r.happened_on <= :on
        LEFT JOIN (SELECT DISTINCT x.reissue_of FROM payment_line x
          JOIN payment_batch y ON y.id = x.payment_batch_id
          WHERE x.reissue_of > 0 AND y.made_on <= :on) n ON n.reissue_of = l.id
        WHERE b.made_on <= :on
        """,
        ("returned-open",),
        needs=(("payment_result", "银行回盘"),),
    ),
)
"""依据: 国开办发〔2017〕61号; 国开办司发〔2020〕3号."""
