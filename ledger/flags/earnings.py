"""Did the assets earn what they should, and did the money reach the village? F08–F11, F19, F26, F27."""

from datetime import date

from ledger.flags.rule import Rule

_START = date(2016, 1, 1)
_CONTRACT_STREAMS = "('RENT', 'DIVIDEND', 'GUARANTEED', 'OTHER')"

RULES = (
    Rule(
        "F08",
        "资产闲置或低效",
        _START,
        "国办函〔2021〕51号; 内部约定 (一年无收益、实收不足合同一半)",
        "投用{a}，最近到账{b}，{c}",
        f"""
        SELECT 'ASSET' AS kind, f.code AS code, f.division_code AS division, 0 AS year,
          CASE WHEN (f.in_use_on < :no_income AND coalesce(m.last_on, f.in_use_on) < :no_income)
            OR m.recent * 100 < d.due * :yield_share THEN 1 ELSE 0 END AS bad,
          f.original_value_fen AS amount_fen, 0 AS persons,
          CASE WHEN coalesce(m.last_on, f.in_use_on) < :no_income THEN 'SEVERE' ELSE 'WARN' END
            AS grade, f.in_use_on AS a, m.last_on AS b,
          CASE WHEN d.due IS NULL THEN '一年内无到期应收'
            WHEN m.recent * 100 < d.due * :yield_share THEN '一年实收不足合同应收的下限'
            ELSE '一年实收达到合同应收的下限' END AS c,
          CASE WHEN f.in_use_on IS NULL THEN '投用日期' ELSE '' END AS missing
        FROM current_asset f
        LEFT JOIN current_state s ON s.object_kind = 'ASSET' AND s.object_code = f.code
        LEFT JOIN (SELECT asset_id, max(arrived_on) AS last_on,
            sum(CASE WHEN stream IN {_CONTRACT_STREAMS} AND arrived_on >= :no_income
              THEN amount_fen ELSE 0 END) AS recent
          FROM asset_money GROUP BY asset_id) m ON m.asset_id = f.asset_id
        LEFT JOIN (SELECT o.asset_id, sum(u.amount_fen) AS due FROM contract_due u
          JOIN operation_contract o ON o.id = u.contract_id
          WHERE u.due_on >= :no_income AND u.due_on < :due_grace GROUP BY o.asset_id) d
          ON d.asset_id = f.asset_id
        WHERE f.asset_class = 'OPERATING' AND coalesce(s.to_state, '') <> 'DISPOSED'
        """,
        ("no-income", "yield-share", "due-grace"),
        needs=(("receipt", "收款记录"),),
        wants=(("operation_contract", "经营合同"),),
    ),
    Rule(
        "F09",
        "收益应收未收",
        _START,
        "民法典 第五百零九条; 国开办发〔2017〕61号 第五条",
        "{c}应收{a:yuan}元，已收{b:yuan}元",
        f"""
        SELECT 'ASSET' AS kind, f.code AS code, f.division_code AS division, 0 AS year,
          CASE WHEN d.due > coalesce(m.got, 0) THEN 1 ELSE 0 END AS bad,
          d.due - coalesce(m.got, 0) AS amount_fen, 0 AS persons, 'WARN' AS grade,
          coalesce(d.due, 0) AS a, coalesce(m.got, 0) AS b, '合同' AS c,
          CASE WHEN d.due IS NULL AND k.undue > 0 THEN '应收计划' ELSE '' END AS missing
        FROM current_asset f
        JOIN (SELECT o.asset_id, sum(CASE WHEN u.id IS NULL THEN 1 ELSE 0 END) AS undue
          FROM operation_contract o LEFT JOIN contract_due u ON u.contract_id = o.id
          WHERE o.starts_on <= :on GROUP BY o.asset_id) k ON k.asset_id = f.asset_id
        LEFT JOIN (SELECT o.asset_id, sum(u.amount_fen) AS due FROM contract_due u
          JOIN operation_contract o ON o.id = u.contract_id
          WHERE u.due_on < :due_grace AND u.due_on >= coalesce((SELECT min(opened_on)
            FROM book_entity), u.due_on) GROUP BY o.asset_id) d ON d.asset_id = f.asset_id
        LEFT JOIN (SELECT asset_id, sum(amount_fen) AS got FROM asset_money
          WHERE stream IN {_CONTRACT_STREAMS} GROUP BY asset_id) m ON m.asset_id = f.asset_id
        UNION ALL
        SELECT 'ASSET', f.code, f.division_code, 0,
          CASE WHEN b.due > coalesce(m.got, 0) THEN 1 ELSE 0 END,
          b.due - coalesce(m.got, 0), 0, 'WARN', b.due, coalesce(m.got, 0), '标杆电费',
          '' FROM current_asset f
        JOIN (SELECT asset_id, sum(benchmark_fen) AS due FROM electricity_bill
          WHERE FIRST_OF(month) < :bill_grace GROUP BY asset_id) b ON b.asset_id = f.asset_id
        LEFT JOIN (SELECT asset_id, sum(amount_fen) AS got FROM asset_money
          WHERE stream = 'BENCHMARK_TARIFF' GROUP BY asset_id) m ON m.asset_id = f.asset_id
        """,
        ("due-grace", "bill-grace"),
        needs=(("operation_contract", "经营合同"), ("contract_due", "应收计划")),
    ),
    Rule(
        "F10",
        "合同缺失、到期未续、期限过长或低价",
        _START,
        "广东省农村集体资产管理条例; 内部约定 (期限和价格下限)",
        "{a}（{b}至{c}）",
        f"""
        SELECT 'CONTRACT' AS kind, x.code AS code, x.division AS division, 0 AS year,
          CASE WHEN x.wrong <> '' THEN 1 ELSE 0 END AS bad, x.value_fen AS amount_fen,
          0 AS persons, 'WARN' AS grade, x.wrong AS a, x.starts_on AS b, x.ends_on AS c,
          CASE WHEN x.yearly_fen IS NULL AND x.rate_ppm IS NULL THEN '年租金或收益率' ELSE '' END
            AS missing
        FROM (SELECT o.code, f.division_code AS division, o.starts_on, o.ends_on, o.yearly_fen,
            o.rate_ppm, f.original_value_fen AS value_fen,
            CASE WHEN o.ends_on < :on AND NOT EXISTS (SELECT 1 FROM operation_contract n
                WHERE n.asset_id = o.asset_id AND n.ends_on > o.ends_on AND n.starts_on <= :on)
              THEN '到期未续；' ELSE '' END
            || CASE WHEN o.ends_on >= YEARS_AFTER(o.starts_on, #contract-years#)
              THEN '期限过长；' ELSE '' END
            || CASE WHEN o.kind IN ('LEASE', 'CONTRACT_OUT')
                AND o.yearly_fen * 100 < f.original_value_fen * :rent_floor THEN '租金偏低；'
              ELSE '' END
            || CASE WHEN o.kind IN ('GUARANTEED', 'EQUITY') AND o.rate_ppm < :return_floor
              THEN '收益率偏低；' ELSE '' END AS wrong
          FROM operation_contract o JOIN current_asset f ON f.asset_id = o.asset_id
          LEFT JOIN current_state s ON s.object_kind = 'ASSET' AND s.object_code = f.code
          WHERE o.starts_on <= :on AND coalesce(s.to_state, '') <> 'DISPOSED') x
        UNION ALL
        SELECT 'ASSET', f.code, f.division_code, 0, CASE WHEN o.asset_id IS NULL THEN 1 ELSE 0 END,
          m.got, 0, 'WARN', CASE WHEN o.asset_id IS NULL THEN '有收入无合同；' ELSE '' END,
          m.first_on, m.last_on, ''
        FROM current_asset f
        JOIN (SELECT asset_id, sum(amount_fen) AS got, min(arrived_on) AS first_on,
            max(arrived_on) AS last_on FROM asset_money
          WHERE stream IN {_CONTRACT_STREAMS} AND stream <> 'OTHER' GROUP BY asset_id) m
          ON m.asset_id = f.asset_id
        LEFT JOIN (SELECT DISTINCT asset_id FROM operation_contract) o ON o.asset_id = f.asset_id
        """,
        ("contract-years", "rent-floor", "return-floor"),
        needs=(("operation_contract", "经营合同"),),
    ),
    Rule(
        "F11",
        "收益滞留",
        _START,
        "国开办发〔2017〕61号 第五条; 内部约定 (到账当年列入分配方案)",
        "{a}，自{b}，{c}天",
        """
        SELECT 'RECEIPT' AS kind, r.code AS code, f.division_code AS division,
          r.income_year AS year, CASE WHEN r.arrived_on < :pass_within THEN 1 ELSE 0 END AS bad,
          r.amount_fen AS amount_fen, 0 AS persons,
          CASE WHEN r.arrived_on < :pass_within_severe THEN 'SEVERE' ELSE 'WARN' END AS grade,
          '结转机构到账未确认结转' AS a, r.arrived_on AS b, DAYS(:on, r.arrived_on) AS c,
          '' AS missing
        FROM receipt r JOIN party p ON p.id = r.receiver_party_id AND p.kind = 'AGENCY'
        JOIN current_asset f ON f.asset_id = r.asset_id
        LEFT JOIN statement_source u ON u.receipt_id = r.id
        WHERE u.id IS NULL AND r.money_kind = 'INCOME' AND r.arrived_on <= :on
        UNION ALL
        SELECT 'STATEMENT', s.code, f.division_code, s.income_year,
          CASE WHEN l.open_fen > 0 AND g.first_on < :pass_within THEN 1
            WHEN l.open_fen = 0 AND DAYS(l.passed_on, g.first_on) > :passed_late THEN 1
            ELSE 0 END,
          CASE WHEN l.open_fen > 0 THEN l.open_fen ELSE l.fen END, 0,
          CASE WHEN l.open_fen > 0 AND g.first_on < :pass_within_severe THEN 'SEVERE'
            WHEN l.open_fen > 0 THEN 'WARN' ELSE 'INFO' END,
          CASE WHEN l.open_fen > 0 THEN '已结转未拨付' ELSE '拨付迟延' END, g.first_on,
          DAYS(l.until_on, g.first_on), ''
        FROM plant_statement s JOIN current_asset f ON f.asset_id = s.asset_id
        JOIN (SELECT u.plant_statement_id, min(r.arrived_on) AS first_on,
            max(r.receiver_party_id) AS receiver
          FROM statement_source u JOIN receipt r ON r.id = u.receipt_id
          JOIN party p ON p.id = r.receiver_party_id AND p.kind = 'AGENCY'
          GROUP BY u.plant_statement_id) g ON g.plant_statement_id = s.id
        JOIN (SELECT l.plant_statement_id, sum(l.amount_fen) AS fen,
            sum(CASE WHEN t.id IS NULL THEN l.amount_fen ELSE 0 END) AS open_fen,
            max(t.passed_on) AS passed_on, max(coalesce(t.passed_on, :on)) AS until_on
          FROM statement_line l
          LEFT JOIN transfer t ON t.statement_line_id = l.id AND t.passed_on <= :on
          GROUP BY l.plant_statement_id) l ON l.plant_statement_id = s.id
        WHERE s.confirmed_on <= :on
        UNION ALL
        SELECT 'STATEMENT', x.code || '/' || y.code, coalesce(y.division_code, ''), x.year,
          CASE WHEN x.waiting > 0 AND YEAR(x.since) < YEAR(:on) THEN 1 ELSE 0 END,
          x.waiting, 0, 'WARN', '到村未列入分配方案', x.since, DAYS(:on, x.since), ''
        FROM (SELECT s.code, s.income_year AS year, l.holder_party_id,
            l.amount_fen - coalesce(i.planned, 0) AS waiting,
            coalesce(t.passed_on, s.confirmed_on) AS since
          FROM statement_line l JOIN plant_statement s ON s.id = l.plant_statement_id
          LEFT JOIN transfer t ON t.statement_line_id = l.id AND t.passed_on <= :on
          LEFT JOIN (SELECT n.statement_line_id, sum(n.distributable_fen) AS planned
            FROM plan_income n JOIN live_plan p ON p.id = n.plan_id
            GROUP BY n.statement_line_id) i ON i.statement_line_id = l.id
          WHERE s.confirmed_on <= :on AND l.amount_fen > 0
            AND (t.id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM statement_source u
              JOIN receipt r ON r.id = u.receipt_id
              JOIN party p ON p.id = r.receiver_party_id AND p.kind = 'AGENCY'
              WHERE u.plant_statement_id = s.id))) x
        JOIN current_party y ON y.party_id = x.holder_party_id
        """,
        ("pass-within", "pass-within-severe", "passed-late"),
        needs=(("receipt", "收款记录"),),
    ),
    Rule(
        "F19",
        "扣除超限或凭据不全",
        _START,
        "安远县光伏扶贫电站运维办法; 内部约定 (扣除须有凭证、不付关联方)",
        "运维费{a:yuan}元，上限{b:yuan}元；{c}",
        """
        SELECT 'ASSET' AS kind, f.code AS code, f.division_code AS division,
          d.income_year AS year,
          CASE WHEN d.upkeep * 1000 > p.capacity_w * :upkeep_cap OR d.unproved > 0
            OR d.related > 0 THEN 1 ELSE 0 END AS bad,
          CASE WHEN d.related_fen + d.unproved_fen > 0 THEN d.related_fen + d.unproved_fen
            ELSE d.upkeep - p.capacity_w * :upkeep_cap / 1000 END AS amount_fen, 0 AS persons,
          CASE WHEN d.related > 0 THEN 'SEVERE' ELSE 'WARN' END AS grade, d.upkeep AS a,
          coalesce(p.capacity_w * :upkeep_cap / 1000, 0) AS b,
          CASE WHEN d.related > 0 THEN '收款方是经办人员' WHEN d.unproved > 0 THEN '扣除无凭证号'
            ELSE '凭证齐全' END AS c,
          CASE WHEN d.nameless > 0 THEN '扣除收款方'
            WHEN p.asset_id IS NULL AND d.upkeep > 0 THEN '装机容量' ELSE '' END AS missing
        FROM (SELECT x.asset_id, x.income_year,
            sum(CASE WHEN x.kind = 'UPKEEP' THEN x.amount_fen ELSE 0 END) AS upkeep,
            sum(CASE WHEN x.voucher_no = '' THEN 1 ELSE 0 END) AS unproved,
            sum(CASE WHEN x.voucher_no = '' THEN x.amount_fen ELSE 0 END) AS unproved_fen,
            sum(CASE WHEN c.title IS NOT NULL THEN 1 ELSE 0 END) AS related,
            sum(CASE WHEN c.title IS NOT NULL THEN x.amount_fen ELSE 0 END) AS related_fen,
            sum(CASE WHEN coalesce(x.payee, '') = '' THEN 1 ELSE 0 END) AS nameless
          FROM deduction x LEFT JOIN (SELECT DISTINCT title FROM actor) c ON c.title = x.payee
          WHERE x.happened_on <= :on GROUP BY x.asset_id, x.income_year) d
        JOIN current_asset f ON f.asset_id = d.asset_id
        LEFT JOIN current_plant p ON p.asset_id = d.asset_id
        """,
        ("upkeep-cap",),
    ),
    Rule(
        "F26",
        "电量异常",
        _START,
        "国开办发〔2017〕61号 第五条; 内部约定 (与同区同月每千瓦电量比较)",
        "电量{a}千瓦时，按同类电站应为{b}千瓦时；{c}",
        """
        SELECT 'ASSET' AS kind, f.code AS code, f.division_code AS division, e.year AS year,
          CASE WHEN (e.peers >= :peers AND (e.energy * 100 < e.expected * :energy_low
            OR e.energy * 100 > e.expected * :energy_high)) OR coalesce(q.differs, 0) <> 0
            THEN 1 ELSE 0 END AS bad,
          CASE WHEN coalesce(q.differs, 0) <> 0 THEN q.differs_fen
            ELSE abs(e.expected - e.energy) * e.tariff_uyuan / 10000 END AS amount_fen,
          0 AS persons,
          CASE WHEN e.energy * 100 < e.expected * :energy_low
            OR e.energy * 100 > e.expected * :energy_high THEN 'WARN' ELSE 'SEVERE' END AS grade,
          e.energy AS a, e.expected AS b,
          CASE WHEN coalesce(q.differs, 0) <> 0 THEN '收款电量与表计相差'
            || CAST(q.differs AS TEXT) || '千瓦时' ELSE '与收款电量一致' END AS c,
          CASE WHEN e.peers < :peers THEN '同类电站电量'
            WHEN q.uncovered > 0 THEN '收款所属月份的电费结算单' ELSE '' END AS missing
        FROM (SELECT b.asset_id, b.month / 100 AS year, sum(b.energy) AS energy,
            sum((d.energy - b.energy) * b.capacity_w
              / CASE WHEN d.capacity_w = b.capacity_w THEN 1 ELSE d.capacity_w - b.capacity_w END)
              AS expected, min(d.plants - 1) AS peers, max(b.tariff_uyuan) AS tariff_uyuan
          FROM (SELECT l.asset_id, l.month, p.capacity_w, CAST(sum(l.energy_kwh) AS BIGINT) AS energy,
              max(l.benchmark_tariff_uyuan) AS tariff_uyuan
            FROM electricity_bill l JOIN current_plant p ON p.asset_id = l.asset_id
            WHERE l.month <= MONTH(:on) GROUP BY l.asset_id, l.month, p.capacity_w) b
          JOIN (SELECT month, CAST(sum(energy) AS BIGINT) AS energy,
              CAST(sum(capacity_w) AS BIGINT) AS capacity_w,
              count(*) AS plants
            FROM (SELECT l.asset_id, l.month, p.capacity_w, CAST(sum(l.energy_kwh) AS BIGINT) AS energy
              FROM electricity_bill l JOIN current_plant p ON p.asset_id = l.asset_id
              GROUP BY l.asset_id, l.month, p.capacity_w) w GROUP BY month) d
            ON d.month = b.month
          GROUP BY b.asset_id, b.month / 100) e
        JOIN current_asset f ON f.asset_id = e.asset_id
        LEFT JOIN (SELECT asset_id, year, sum(abs(differs)) AS differs,
            sum(CASE WHEN differs <> 0 THEN amount_fen ELSE 0 END) AS differs_fen,
            sum(uncovered) AS uncovered
          FROM (SELECT r.asset_id, r.income_year AS year, r.amount_fen,
              CASE WHEN count(l.id) = 0 THEN 0 ELSE r.energy_kwh - sum(l.energy_kwh) END AS differs,
              CASE WHEN count(l.id) = 0 THEN 1 ELSE 0 END AS uncovered
            FROM (SELECT t.*, MONTH(t.period_from) AS first_month, MONTH(t.period_to) AS last_month
              FROM receipt t WHERE t.stream = 'BENCHMARK_TARIFF' AND t.energy_kwh IS NOT NULL
                AND t.money_kind = 'INCOME' AND t.arrived_on <= :on) r
            LEFT JOIN electricity_bill l ON l.asset_id = r.asset_id
              AND l.month BETWEEN r.first_month AND r.last_month
            GROUP BY r.id, r.asset_id, r.income_year, r.amount_fen, r.energy_kwh) v
          GROUP BY asset_id, year) q ON q.asset_id = e.asset_id AND q.year = e.year
        UNION ALL
        SELECT 'ASSET', f.code, f.division_code, r.year, 0, 0, 0, 'WARN', 0, 0, '',
          '电费结算单' FROM current_plant p JOIN current_asset f ON f.asset_id = p.asset_id
        JOIN (SELECT DISTINCT asset_id, income_year AS year FROM asset_money
          WHERE stream = 'BENCHMARK_TARIFF') r ON r.asset_id = p.asset_id
        WHERE NOT EXISTS (SELECT 1 FROM electricity_bill b WHERE b.asset_id = p.asset_id
          AND b.month / 100 = r.year)
        """,
        ("energy-low", "energy-high", "peers"),
        needs=(("electricity_bill", "电费结算单"),),
    ),
    Rule(
        "F27",
        "补贴未到",
        _START,
        "国开办发〔2017〕61号 第五条",
        "应收补贴{a:yuan}元，已收{b:yuan}元，最早欠收月{c}（属拨付账龄提示，不是村的过错）",
        """
        SELECT 'ASSET' AS kind, f.code AS code, f.division_code AS division, 0 AS year,
          CASE WHEN b.due > coalesce(m.got, 0) THEN 1 ELSE 0 END AS bad,
          b.due - coalesce(m.got, 0) AS amount_fen, 0 AS persons, 'INFO' AS grade,
          b.due AS a, coalesce(m.got, 0) AS b, b.first_month AS c, '' AS missing
        FROM current_asset f
        JOIN (SELECT asset_id, sum(subsidy_fen) AS due, min(month) AS first_month
          FROM electricity_bill WHERE FIRST_OF(month) < :subsidy_late AND subsidy_fen > 0
          GROUP BY asset_id) b ON b.asset_id = f.asset_id
        LEFT JOIN (SELECT asset_id, sum(amount_fen) AS got FROM asset_money
          WHERE stream = 'STATE_SUBSIDY' GROUP BY asset_id) m ON m.asset_id = f.asset_id
        """,
        ("subsidy-late",),
        needs=(("electricity_bill", "电费结算单"),),
    ),
)
"""依据: 国开办发〔2017〕61号 第五条; 国办函〔2021〕51号."""
