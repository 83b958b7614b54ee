"""Are the assets registered, confirmed, handed over, rightly shared and lawfully disposed of?

F05–F07, F22, F25.
"""

from datetime import date

from ledger.flags.rule import Rule

_START = date(2016, 1, 1)
_TITLE = date(2019, 1, 1)

RULES = (
    Rule(
        "F05",
        "资产未入账或账实不符",
        _START,
        "国办函〔2021〕51号; 农村集体经济组织法 第四十三条",
        "接收{a}，入账{b}，盘点{c}",
        """
        SELECT 'ASSET' AS kind, f.code AS code, f.division_code AS division, 0 AS year,
          CASE WHEN (b.booked_on IS NULL AND w.answered_on < :book_within)
            OR n.booked_quantity <> n.found_quantity THEN 1 ELSE 0 END AS bad,
          f.original_value_fen AS amount_fen, 0 AS persons, 'WARN' AS grade,
          w.answered_on AS a, b.booked_on AS b,
          CASE WHEN n.found_quantity IS NULL THEN '无'
            ELSE '账面' || n.booked_quantity || '实有' || n.found_quantity END AS c,
          CASE WHEN n.found_quantity IS NULL THEN '盘点记录' ELSE '' END AS missing
        FROM current_asset f
        JOIN (SELECT i.asset_id, max(x.answered_on) AS answered_on FROM handover_answer x
          JOIN handover_item i ON i.id = x.handover_item_id
          WHERE x.outcome <> 'REFUSED' AND x.answered_on <= :on GROUP BY i.asset_id) w
          ON w.asset_id = f.asset_id
        LEFT JOIN handover_booking b ON b.asset_id = f.asset_id AND b.booked_on <= :on
        LEFT JOIN (SELECT * FROM (SELECT l.*, row_number() OVER (PARTITION BY l.asset_id
            ORDER BY c.counted_on DESC, l.id DESC) AS newest FROM stock_count_line l
            JOIN stock_count c ON c.id = l.stock_count_id WHERE c.counted_on <= :on) x
          WHERE newest = 1) n ON n.asset_id = f.asset_id
        """,
        ("book-within",),
        wants=(("stock_count_line", "盘点记录"),),
    ),
    Rule(
        "F06",
        "未确权或权属不清",
        _TITLE,
        "国办函〔2021〕51号; 内部约定 (确权期限按制度出台前后分别设定)",
        "验收{a}，确权{b}，{c}",
        """
        SELECT 'ASSET' AS kind, f.code AS code, f.division_code AS division, 0 AS year,
          CASE WHEN (t.confirmed_on IS NULL
              AND coalesce(p.accepted_on, f.in_use_on) < :confirm_within)
            OR u.unclear > 0 OR u.faulty > 0 THEN 1 ELSE 0 END AS bad,
          f.original_value_fen AS amount_fen, 0 AS persons,
          CASE WHEN u.faulty > 0 THEN 'SEVERE' ELSE 'WARN' END AS grade,
          coalesce(p.accepted_on, f.in_use_on) AS a, t.confirmed_on AS b,
          CASE WHEN u.faulty > 0 THEN '份额合计不为1' WHEN u.unclear > 0 THEN '含权属待定份额'
            ELSE '份额完整' END AS c,
          CASE WHEN t.confirmed_on IS NULL AND p.accepted_on IS NULL AND f.in_use_on IS NULL
            THEN '验收或投用日期' WHEN u.asset_id IS NULL THEN '权利份额' ELSE '' END AS missing
        FROM current_asset f
        LEFT JOIN current_project p ON p.project_id = f.project_id
        LEFT JOIN (SELECT asset_id, max(confirmed_on) AS confirmed_on FROM title_certificate
          WHERE confirmed_on <= :on GROUP BY asset_id) t ON t.asset_id = f.asset_id
        LEFT JOIN (SELECT asset_id, sum(unclear) AS unclear, sum(faulty) AS faulty
          FROM (SELECT r.asset_id, r.kind,
              sum(CASE WHEN y.kind = 'UNCLEAR' THEN 1 ELSE 0 END) AS unclear,
              CASE WHEN min(r.share_denominator) = max(r.share_denominator)
                AND sum(r.share_numerator) <> max(r.share_denominator) THEN 1 ELSE 0 END AS faulty
            FROM current_right r JOIN party y ON y.id = r.holder_party_id
            WHERE r.kind IN ('OWN', 'BENEFIT') GROUP BY r.asset_id, r.kind) g
          GROUP BY asset_id) u ON u.asset_id = f.asset_id
        WHERE f.asset_class <> 'HOUSEHOLD'
        """,
        ("confirm-within",),
        needs=(("asset_right", "权利份额表"),),
    ),
    Rule(
        "F07",
        "未移交或移交手续不全",
        _TITLE,
        "国办函〔2021〕51号",
        "确权{a}，接收{b}，{c}",
        """
        SELECT 'ASSET' AS kind, f.code AS code, f.division_code AS division, 0 AS year,
          CASE WHEN (w.answered_on IS NULL AND t.confirmed_on < :handover_within)
            OR (s.to_state = 'ACCEPTED_WITH_RESERVATIONS' AND w.remedy_due_on < :on)
            THEN 1 ELSE 0 END AS bad,
          f.original_value_fen AS amount_fen, 0 AS persons, 'WARN' AS grade,
          t.confirmed_on AS a, w.answered_on AS b,
          CASE WHEN s.to_state = 'ACCEPTED_WITH_RESERVATIONS' AND w.remedy_due_on < :on
            THEN '保留事项逾期未整改' WHEN w.answered_on IS NULL THEN '尚无接收意见'
            ELSE '已接收' END AS c,
          CASE WHEN w.answered_on IS NOT NULL AND NOT EXISTS (SELECT 1 FROM evidence_link l
              JOIN evidence e ON e.id = l.evidence_id
              WHERE l.object_kind = 'HANDOVER' AND l.object_code = w.code
              AND e.kind IN ('HANDOVER_LETTER', 'HANDOVER_LIST'))
            AND NOT EXISTS (SELECT 1 FROM declared_gap g WHERE g.missing = '移交确认书'
              AND g.object_code IN (w.code, f.code))
            THEN '移交确认书' ELSE '' END AS missing
        FROM current_asset f
        JOIN (SELECT asset_id, max(confirmed_on) AS confirmed_on FROM title_certificate
          WHERE confirmed_on <= :on GROUP BY asset_id) t ON t.asset_id = f.asset_id
        LEFT JOIN current_state s ON s.object_kind = 'ASSET' AND s.object_code = f.code
        LEFT JOIN (SELECT * FROM (SELECT i.asset_id, h.code, x.answered_on, x.remedy_due_on,
            row_number() OVER (PARTITION BY i.asset_id ORDER BY x.id DESC) AS newest
            FROM handover_answer x JOIN handover_item i ON i.id = x.handover_item_id
            JOIN handover_act h ON h.id = i.handover_act_id
            WHERE x.outcome <> 'REFUSED' AND x.answered_on <= :on) y WHERE newest = 1) w
          ON w.asset_id = f.asset_id
        """,
        ("handover-within",),
    ),
    Rule(
        "F22",
        "处置违规",
        _TITLE,
        "国办函〔2021〕51号",
        "{a}，收入{b:yuan}元，再投入{c:yuan}元",
        """
        SELECT 'DISPOSAL' AS kind, d.code AS code, f.division_code AS division, 0 AS year,
          CASE WHEN d.wrong <> ''
            OR (d.sold_on < :reuse_within AND coalesce(d.reused_fen, 0) < d.sold_fen)
            THEN 1 ELSE 0 END AS bad,
          CASE WHEN d.wrong <> '' THEN f.original_value_fen
            ELSE d.sold_fen - coalesce(d.reused_fen, 0) END AS amount_fen, 0 AS persons,
          'SEVERE' AS grade, CASE WHEN d.wrong = '' THEN '程序齐全' ELSE d.wrong END AS a,
          coalesce(d.sold_fen, 0) AS b, coalesce(d.reused_fen, 0) AS c,
          CASE WHEN d.sold_on IS NOT NULL AND d.sold_fen IS NULL THEN '处置收入' ELSE '' END
            AS missing
        FROM (SELECT x.code, x.asset_id, x.sold_on, x.sold_fen, x.reused_fen,
            CASE WHEN x.sold_on IS NULL AND coalesce(s.to_state, '') <> 'DISPOSED' THEN '' ELSE
              CASE WHEN x.appraised_on IS NULL THEN '未评估；'
                WHEN x.appraised_on > x.sold_on THEN '先处置后评估；' ELSE '' END
              || CASE WHEN x.decided_on IS NULL THEN '未决议；'
                WHEN x.decided_on > x.sold_on THEN '先处置后决议；' ELSE '' END
              || CASE WHEN x.approved_on IS NULL THEN '未审批；'
                WHEN x.approved_on > x.sold_on THEN '先处置后审批；' ELSE '' END END AS wrong
          FROM (SELECT p.code, p.asset_id, a.code AS asset_code,
              max(CASE WHEN q.step = 'APPRAISED' THEN q.happened_on END) AS appraised_on,
              max(CASE WHEN q.step = 'DECIDED' THEN q.happened_on END) AS decided_on,
              max(CASE WHEN q.step = 'APPROVED' THEN q.happened_on END) AS approved_on,
              max(CASE WHEN q.step = 'SOLD' THEN q.happened_on END) AS sold_on,
              max(CASE WHEN q.step = 'SOLD' THEN q.amount_fen END) AS sold_fen,
              max(CASE WHEN q.step = 'REUSED' THEN q.amount_fen END) AS reused_fen
            FROM disposal p JOIN asset a ON a.id = p.asset_id
            LEFT JOIN disposal_step q ON q.disposal_id = p.id AND q.happened_on <= :on
            WHERE p.applied_on <= :on GROUP BY p.code, p.asset_id, a.code) x
          LEFT JOIN current_state s ON s.object_kind = 'ASSET' AND s.object_code = x.asset_code) d
        JOIN current_asset f ON f.asset_id = d.asset_id
        UNION ALL
        SELECT 'ASSET', f.code, f.division_code, 0, 1, f.original_value_fen, 0, 'SEVERE',
          '已处置而无处置手续', 0, 0, ''
        FROM current_asset f
        JOIN current_state s ON s.object_kind = 'ASSET' AND s.object_code = f.code
          AND s.to_state = 'DISPOSED'
        WHERE NOT EXISTS (SELECT 1 FROM disposal d WHERE d.asset_id = f.asset_id)
        """,
        ("reuse-within",),
    ),
    Rule(
        "F25",
        "份额或出资错误",
        _TITLE,
        "国开办发〔2017〕61号 第三条",
        "原值{a:yuan}元，出资合计{b:yuan}元，份额不符{c}方",
        """
        SELECT 'ASSET' AS kind, f.code AS code, f.division_code AS division, 0 AS year,
          CASE WHEN i.total + coalesce(x.explained, 0) <> f.original_value_fen
            OR coalesce(s.wrong, 0) > 0 THEN 1 ELSE 0 END AS bad,
          CASE WHEN coalesce(s.wrong, 0) > 0 THEN s.wrong_fen
            ELSE abs(f.original_value_fen - i.total - coalesce(x.explained, 0)) END AS amount_fen,
          0 AS persons, 'SEVERE' AS grade, f.original_value_fen AS a, i.total AS b,
          coalesce(s.wrong, 0) AS c,
          CASE WHEN i.total IS NULL THEN '资金来源' WHEN s.invested > 0 AND i.nameless > 0
            THEN '出资主体' WHEN h.undocumented > 0 THEN '份额依据文件' ELSE '' END AS missing
        FROM current_asset f
        JOIN (SELECT asset_id, count(*) AS holders,
            sum(CASE WHEN document = '' THEN 1 ELSE 0 END) AS undocumented
          FROM current_right WHERE kind = 'BENEFIT' GROUP BY asset_id) h
          ON h.asset_id = f.asset_id
        LEFT JOIN (SELECT asset_id, sum(amount_fen) AS total,
            sum(CASE WHEN contributor_party_id IS NULL THEN 1 ELSE 0 END) AS nameless
          FROM fund_contribution GROUP BY asset_id) i ON i.asset_id = f.asset_id
        LEFT JOIN (SELECT asset_id, sum(difference_fen) AS explained FROM contribution_difference
          GROUP BY asset_id) x ON x.asset_id = f.asset_id
        LEFT JOIN (SELECT r.asset_id, count(*) AS invested,
            sum(CASE WHEN r.share_numerator * c.total <> r.share_denominator * coalesce(m.part, 0)
              THEN 1 ELSE 0 END) AS wrong,
            sum(CASE WHEN r.share_numerator * c.total <> r.share_denominator * coalesce(m.part, 0)
              THEN coalesce(m.part, 0) ELSE 0 END) AS wrong_fen
          FROM current_right r
          JOIN (SELECT asset_id, sum(amount_fen) AS total FROM fund_contribution
            GROUP BY asset_id HAVING sum(CASE WHEN contributor_party_id IS NULL THEN 1 ELSE 0 END)
            = 0) c ON c.asset_id = r.asset_id
          LEFT JOIN (SELECT asset_id, contributor_party_id, sum(amount_fen) AS part
            FROM fund_contribution GROUP BY asset_id, contributor_party_id) m
            ON m.asset_id = r.asset_id AND m.contributor_party_id = r.holder_party_id
          WHERE r.kind = 'BENEFIT' AND r.basis = 'INVESTED' GROUP BY r.asset_id
          HAVING count(*) > 1) s
          ON s.asset_id = f.asset_id
        """,
        needs=(("fund_contribution", "资金来源"), ("asset_right", "权利份额表")),
    ),
)
"""依据: 国办函〔2021〕51号; 国开办发〔2017〕61号 第三条."""
