"""Was the money decided on, posted, reached whom it should, and in what parts? F12–F14, F18, F20."""

from datetime import date

from ledger.flags.rule import Rule

_START = date(2016, 1, 1)
_ELIGIBLE = "('REGISTERED', 'LIFTED', 'MONITORED')"

RULES = (
    Rule(
        "F12",
        "分配程序缺失",
        _START,
        "村民委员会组织法 第二十四条; 国开办发〔2018〕11号 第四条",
        "{a}首付{b}",
        """
        SELECT 'PLAN' AS kind, x.code AS code, x.division AS division, x.income_year AS year,
          CASE WHEN x.wrong <> '' AND x.gaps = 0 THEN 1 ELSE 0 END AS bad,
          x.distributable_fen AS amount_fen, x.persons AS persons, 'SEVERE' AS grade,
          x.wrong AS a, x.first_paid_on AS b, '' AS c,
          CASE WHEN x.wrong <> '' AND x.gaps > 0 THEN '程序资料（已声明缺失）' ELSE '' END AS missing
        FROM (SELECT p.code, p.division, p.income_year, p.distributable_fen, p.first_paid_on,
            coalesce(w.person_count, 0) AS persons,
            (SELECT count(*) FROM declared_gap g WHERE g.object_kind = 'PLAN'
              AND g.object_code = p.code) AS gaps,
            CASE WHEN d.resolved_on IS NULL THEN '无有效决议；' ELSE '' END
            || CASE WHEN d.short > 0 THEN '到会或票数不足；' ELSE '' END
            || CASE WHEN p.kind = 'VILLAGE' AND (d.proposed_on IS NULL OR d.consulted_on IS NULL
                OR d.deliberated_on IS NULL) THEN '四议不全；' ELSE '' END
            || CASE WHEN d.proposed_on > d.consulted_on OR d.consulted_on > d.deliberated_on
                OR d.deliberated_on > d.resolved_on THEN '四议次序颠倒；' ELSE '' END
            || CASE WHEN n.posted_on IS NULL THEN '未公示；'
                WHEN n.posted_on < d.resolved_on THEN '先公示后决议；'
                WHEN p.first_paid_on <= n.ends_on THEN '公示未满即支付；' ELSE '' END
            || CASE WHEN s.supervised_on IS NULL THEN '无监督意见；' ELSE '' END
            || CASE WHEN s.reviewed_on IS NULL THEN '未经镇审核；'
                WHEN s.reviewed_on < n.posted_on THEN '先审核后公示；' ELSE '' END
            || CASE WHEN s.filed_on IS NULL THEN '未审批备案；'
                WHEN s.filed_on < s.reviewed_on THEN '先备案后审核；'
                WHEN p.first_paid_on < s.filed_on THEN '备案前支付；' ELSE '' END AS wrong
          FROM going_plan p LEFT JOIN roster w ON w.id = p.roster_id
          LEFT JOIN (SELECT object_code,
              max(CASE WHEN stage = 'PROPOSE' AND is_valid THEN held_on END) AS proposed_on,
              max(CASE WHEN stage = 'CONSULT' AND is_valid THEN held_on END) AS consulted_on,
              max(CASE WHEN stage = 'DELIBERATE' AND is_valid THEN held_on END) AS deliberated_on,
              max(CASE WHEN stage = 'RESOLVE' AND is_valid THEN held_on END) AS resolved_on,
              sum(CASE WHEN is_valid AND stage = 'RESOLVE' AND (2 * for_count <= present_count
                OR (body = 'REPRESENTATIVES' AND 3 * present_count < 2 * member_count))
                THEN 1 ELSE 0 END) AS short
            FROM decision WHERE object_kind = 'PLAN' AND held_on <= :on GROUP BY object_code) d
            ON d.object_code = p.code
          LEFT JOIN (SELECT object_code, max(posted_on) AS posted_on, max(ends_on) AS ends_on
            FROM notice WHERE object_kind = 'PLAN' AND kind = 'NOTICE' AND posted_on <= :on
            GROUP BY object_code) n ON n.object_code = p.code
          LEFT JOIN (SELECT object_code,
              max(CASE WHEN stage = 'SUPERVISE' THEN acted_on END) AS supervised_on,
              max(CASE WHEN stage = 'TOWN_REVIEW' THEN acted_on END) AS reviewed_on,
              max(CASE WHEN stage IN ('FILE', 'APPROVE') THEN acted_on END) AS filed_on
            FROM stage_act WHERE object_kind = 'PLAN' AND agreed AND acted_on <= :on
            GROUP BY object_code) s ON s.object_code = p.code) x
        """,
        needs=(("decision", "会议决议"), ("notice", "公示记录"), ("stage_act", "经办记录")),
    ),
    Rule(
        "F13",
        "平均分配或劳务占比不足",
        _START,
        "国办函〔2021〕51号; 国开办司发〔2020〕3号",
        "{a}户，每户{b:yuan}元至{c}",
        """
        SELECT 'PLAN' AS kind, p.code AS code, p.division AS division, p.income_year AS year,
          CASE WHEN (a.households >= :equal_households AND a.least = a.most
              AND coalesce(c.labour, 0) = 0)
            OR coalesce(c.labour, 0) * 100 < v.pv_fen * v.minimum THEN 1 ELSE 0 END AS bad,
          p.distributable_fen AS amount_fen, coalesce(a.households, 0) AS persons,
          'WARN' AS grade, coalesce(a.households, 0) AS a, coalesce(a.least, 0) AS b,
          CASE WHEN coalesce(c.labour, 0) * 100 < v.pv_fen * v.minimum
            THEN '劳务渠道占比低于' || CAST(v.minimum AS TEXT) || '%'
            ELSE CAST(coalesce(a.most, 0) AS TEXT) || '分' END AS c,
          CASE WHEN a.households IS NULL AND c.personal > 0 THEN '各户分配明细' ELSE '' END
            AS missing
        FROM going_plan p
        LEFT JOIN (SELECT plan_id,
            sum(CASE WHEN channel IN ('JOB', 'WORKS') THEN amount_fen ELSE 0 END) AS labour,
            sum(CASE WHEN channel IN ('REWARD', 'HARDSHIP', 'DIVIDEND') THEN amount_fen ELSE 0 END)
              AS personal
          FROM plan_channel GROUP BY plan_id) c ON c.plan_id = p.id
        LEFT JOIN (SELECT plan_id, count(*) AS households, min(fen) AS least, max(fen) AS most
          FROM (SELECT h.plan_id, l.household_id, sum(l.share_fen) AS fen
            FROM allocation l JOIN plan_channel h ON h.id = l.plan_channel_id
            GROUP BY h.plan_id, l.household_id) g WHERE fen > 0 GROUP BY plan_id) a
          ON a.plan_id = p.id
        LEFT JOIN (SELECT i.plan_id, sum(i.distributable_fen) AS pv_fen, max(q.value) AS minimum
          FROM plan_income i JOIN current_plant t ON t.asset_id = i.asset_id
          JOIN limit_on q ON q.name = 'labour-share' AND i.income_year
            BETWEEN YEAR(q.valid_from) AND YEAR(q.valid_to)
          WHERE t.in_national_catalogue GROUP BY i.plan_id) v ON v.plan_id = p.id
            AND p.kind = 'VILLAGE'
        """,
        ("equal-households",),
        needs=(("allocation", "各户分配明细"),),
    ),
    Rule(
        "F14",
        "超范围发放",
        _START,
        "国开办发〔2017〕61号; 内部约定 (以冻结名册为准)",
        "方案{a}：{b}",
        """
        SELECT 'HOUSEHOLD' AS kind, h.code AS code, coalesce(f.village_code, '') AS division,
          x.year AS year, CASE WHEN x.wrong <> '' THEN 1 ELSE 0 END AS bad,
          x.fen AS amount_fen, 1 AS persons, 'SEVERE' AS grade, x.plan_code AS a,
          x.wrong AS b, '' AS c, x.missing AS missing
        FROM (SELECT p.code AS plan_code, p.income_year AS year, e.household_id, e.fen,
            CASE WHEN p.roster_id IS NOT NULL AND l.household_id IS NULL THEN '不在冻结名册；'
              ELSE '' END
            || CASE WHEN e.late > 0 THEN '所属月份前已死亡；' ELSE '' END
            || CASE WHEN g.living = 0 THEN '截止日前全户已无在世成员；' ELSE '' END AS wrong,
            CASE WHEN p.roster_id IS NULL THEN '冻结名册' ELSE '' END AS missing
          FROM live_plan p
          JOIN (SELECT n.plan_id, n.household_id, sum(n.amount_fen) AS fen,
              sum(CASE WHEN n.concerns_month > 0 AND d.life = 'DECEASED'
                AND MONTH(d.valid_from) < n.concerns_month THEN 1 ELSE 0 END) AS late
            FROM entitlement n LEFT JOIN current_person d ON d.person_id = n.person_id
            GROUP BY n.plan_id, n.household_id) e ON e.plan_id = p.id
          LEFT JOIN roster r ON r.id = p.roster_id
          LEFT JOIN rostered l ON l.roster_id = p.roster_id AND l.household_id = e.household_id
          LEFT JOIN (SELECT r.id AS roster_id, m.household_id,
              sum(CASE WHEN s.life = 'DECEASED' AND s.valid_from <= r.cut_off_on THEN 0 ELSE 1 END)
                AS living
            FROM roster r JOIN roster_line k ON k.roster_id = r.id
            JOIN current_member m ON m.household_id = k.household_id
            LEFT JOIN current_person s ON s.person_id = m.person_id
            GROUP BY r.id, m.household_id) g
            ON g.roster_id = p.roster_id AND g.household_id = e.household_id) x
        JOIN household h ON h.id = x.household_id
        LEFT JOIN current_household f ON f.household_id = x.household_id
        """,
        needs=(("roster_line", "冻结名册"), ("person_status", "人员状态")),
    ),
    Rule(
        "F18",
        "应得未得",
        _START,
        "国开办发〔2017〕61号; 内部约定 (截止日在册状态)",
        "方案{a}截止日{b}为{c}，不在冻结名册",
        f"""
        SELECT 'HOUSEHOLD' AS kind, h.code AS code, x.village_code AS division,
          x.income_year AS year,
          CASE WHEN x.left_out = 1 AND x.living > 0 THEN 1 ELSE 0 END AS bad,
          0 AS amount_fen, x.living AS persons, 'WARN' AS grade, x.plan_code AS a,
          x.cut_off_on AS b, CASE x.status WHEN 'MONITORED' THEN '监测户'
            WHEN 'LIFTED' THEN '脱贫户' ELSE '建档立卡户' END AS c, '' AS missing
        FROM (SELECT y.*, CASE WHEN y.left_out = 0 THEN 0 ELSE
            (SELECT count(*) FROM current_member m
              LEFT JOIN current_person s ON s.person_id = m.person_id
              WHERE m.household_id = y.household_id AND NOT (coalesce(s.life, 'ALIVE') = 'DECEASED'
                AND s.valid_from <= y.cut_off_on)) END AS living
          FROM (SELECT r.cut_off_on, r.plan_code, r.income_year, f.household_id,
              f.village_code, f.status,
              CASE WHEN l.household_id IS NULL AND f.status IN {_ELIGIBLE} THEN 1 ELSE 0 END
                AS left_out
            FROM in_scope r CROSS JOIN household_fact f
            LEFT JOIN rostered l ON l.roster_id = r.roster_id AND l.household_id = f.household_id
            WHERE f.village_code = r.village_code AND f.valid_from <= r.cut_off_on
              AND NOT EXISTS (SELECT 1 FROM household_fact n
              WHERE n.household_id = f.household_id AND n.valid_from <= r.cut_off_on
              AND (n.valid_from > f.valid_from
                OR (n.valid_from = f.valid_from AND n.id > f.id)))) y) x
        JOIN household h ON h.id = x.household_id
        UNION ALL
        SELECT 'PLAN', p.code, p.division, p.income_year, 0, 0, 0, 'WARN', p.code,
          p.drafted_on, '', '冻结名册' FROM live_plan p WHERE p.roster_id IS NULL
        """,
        needs=(("roster_line", "冻结名册"),),
    ),
    Rule(
        "F20",
        "公示不到位",
        _START,
        "国开办发〔2018〕11号 第四条; 政府信息公开条例 第二十条",
        "{a}",
        """
        SELECT 'PLAN' AS kind, x.code AS code, x.division AS division, x.income_year AS year,
          CASE WHEN x.wrong <> '' THEN 1 ELSE 0 END AS bad, x.distributable_fen AS amount_fen,
          x.persons AS persons, 'WARN' AS grade, x.wrong AS a, '' AS b, '' AS c, x.missing
        FROM (SELECT p.code, p.division, p.income_year, p.distributable_fen,
            coalesce(w.household_count, 0) AS persons,
            CASE WHEN n.shortest < q.value THEN '公示' || CAST(n.shortest AS TEXT) || '天，少于'
              || CAST(q.value AS TEXT) || '天；' ELSE '' END
            || CASE WHEN n.early > 0 THEN '未满期撤下；' ELSE '' END
            || CASE WHEN v.bare > 0 THEN CAST(v.bare AS TEXT) || '个村未张贴；' ELSE '' END
            || CASE WHEN o.other > 0 THEN CAST(o.other AS TEXT) || '户发放与公示不符；' ELSE '' END
              AS wrong,
            CASE WHEN n.unproved > 0 THEN '公示照片' WHEN n.unended > 0 THEN '公示撤下记录'
              ELSE '' END AS missing
          FROM going_plan p LEFT JOIN roster w ON w.id = p.roster_id
          JOIN (SELECT t.object_code, min(t.notice_days) AS shortest, min(t.posted_on) AS posted_on,
              sum(CASE WHEN e.taken_down_on <= t.ends_on THEN 1 ELSE 0 END) AS early,
              sum(CASE WHEN e.id IS NULL AND t.ends_on < :on THEN 1 ELSE 0 END) AS unended,
              sum(CASE WHEN coalesce(t.start_proof, '') = '' AND NOT EXISTS (SELECT 1
                FROM evidence_link l JOIN evidence f ON f.id = l.evidence_id
                WHERE l.object_kind = 'PLAN' AND l.object_code = t.object_code
                AND f.kind = 'NOTICE_PHOTO') THEN 1 ELSE 0 END) AS unproved
            FROM notice t LEFT JOIN notice_end e ON e.notice_id = t.id
            WHERE t.object_kind = 'PLAN' AND t.kind = 'NOTICE' AND t.posted_on <= :on
            GROUP BY t.object_code) n ON n.object_code = p.code
          LEFT JOIN limit_on q ON q.name = 'notice-days'
            AND n.posted_on BETWEEN q.valid_from AND q.valid_to
          LEFT JOIN (SELECT g.id, sum(CASE WHEN t.id IS NULL THEN 1 ELSE 0 END) AS bare
            FROM (SELECT DISTINCT p.id, p.code, l.village FROM going_plan p
              JOIN roster_line l ON l.roster_id = p.roster_id) g
            LEFT JOIN notice t ON t.object_kind = 'PLAN' AND t.object_code = g.code
              AND t.kind = 'NOTICE' AND t.village_code = CAST(g.village AS TEXT)
            GROUP BY g.id) v ON v.id = p.id
          LEFT JOIN (SELECT plan_id, sum(CASE WHEN fen <> coalesce(share_fen, 0) THEN 1 ELSE 0 END)
              AS other
            FROM (SELECT e.plan_id, e.household_id, e.plan_channel_id, sum(e.amount_fen) AS fen,
                max(a.share_fen) AS share_fen
              FROM entitlement e
              LEFT JOIN shared a ON a.plan_channel_id = e.plan_channel_id
                AND a.household_id = e.household_id
              WHERE e.concerns_month = 0
              GROUP BY e.plan_id, e.household_id, e.plan_channel_id) k GROUP BY plan_id) o
            ON o.plan_id = p.id) x
        """,
        needs=(("notice", "公示记录"),),
    ),
)
"""依据: 村民委员会组织法 第二十四条; 国开办发〔2018〕11号 第四条."""
