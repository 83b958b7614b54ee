"""Were the funds used, on what, and did they become assets? F01–F04."""

from datetime import date

from ledger.flags.rule import Rule

_START = date(2016, 1, 1)

RULES = (
    Rule(
        "F01",
        "资金闲置",
        _START,
        "内部约定 (审计通报的闲置资金口径)",
        "到位{a:yuan}元，已支出{b:yuan}元，最早到位日{c}",
        """
        SELECT 'FUND' AS kind, d.code AS code, '' AS division, 0 AS year,
          CASE WHEN r.old > coalesce(p.paid, 0) THEN 1 ELSE 0 END AS bad,
          r.old - coalesce(p.paid, 0) AS amount_fen, 0 AS persons,
          CASE WHEN (r.old - coalesce(p.paid, 0)) * 100 < r.total THEN 'INFO'
            WHEN r.very_old > coalesce(p.paid, 0) THEN 'SEVERE' ELSE 'WARN' END AS grade,
          r.total AS a, coalesce(p.paid, 0) AS b, r.first_on AS c,
          CASE WHEN r.total IS NULL THEN '到位记录' ELSE '' END AS missing
        FROM fund_document d
        LEFT JOIN (SELECT fund_document_id, sum(amount_fen) AS total, min(received_on) AS first_on,
            sum(CASE WHEN received_on < :idle_funds THEN amount_fen ELSE 0 END) AS old,
            sum(CASE WHEN received_on < :idle_funds_severe THEN amount_fen ELSE 0 END) AS very_old
          FROM fund_receipt WHERE received_on <= :on GROUP BY fund_document_id) r
          ON r.fund_document_id = d.id
        LEFT JOIN (SELECT fund_document_id, sum(amount_fen) AS paid FROM fund_payment
          WHERE paid_on <= :on GROUP BY fund_document_id) p ON p.fund_document_id = d.id
        WHERE d.issued_on <= :on
        """,
        ("idle-funds", "idle-funds-severe"),
        needs=(("fund_receipt", "资金到位记录"),),
    ),
    Rule(
        "F02",
        "支出先于项目入库",
        _START,
        "粤乡振局函〔2023〕2号; 内部约定 (先入库后支出)",
        "首次支付{a}，入库{b}",
        """
        SELECT 'PROJECT' AS kind, f.code AS code, f.division_code AS division, 0 AS year,
          CASE WHEN min(y.paid_on) < f.bank_entry_on THEN 1 ELSE 0 END AS bad,
          sum(CASE WHEN y.paid_on < f.bank_entry_on THEN y.amount_fen ELSE 0 END) AS amount_fen,
          0 AS persons, 'WARN' AS grade, min(y.paid_on) AS a, f.bank_entry_on AS b, '' AS c,
          CASE WHEN f.bank_entry_on IS NULL THEN '项目入库日期' ELSE '' END AS missing
        FROM current_project f JOIN fund_payment y ON y.project_id = f.project_id
        WHERE y.paid_on <= :on GROUP BY f.code, f.division_code, f.bank_entry_on
        """,
        needs=(("fund_payment", "资金支付记录"),),
    ),
    Rule(
        "F03",
        "支出超批复或凭证重复",
        _START,
        "预算法 第十三条; 内部约定 (同一凭证号只列支一次)",
        "下达{a:yuan}元，支出{b:yuan}元；凭证号重复{c}笔",
        """
        SELECT 'FUND' AS kind, d.code AS code, '' AS division, 0 AS year,
          CASE WHEN p.paid > d.amount_fen OR coalesce(t.twice, 0) > 0 THEN 1 ELSE 0 END AS bad,
          CASE WHEN p.paid > d.amount_fen THEN p.paid - d.amount_fen ELSE 0 END
            + coalesce(t.doubled, 0) AS amount_fen, 0 AS persons, 'SEVERE' AS grade,
          d.amount_fen AS a, p.paid AS b, coalesce(t.twice, 0) AS c,
          CASE WHEN p.unnumbered > 0 THEN '支付凭证号' ELSE '' END AS missing
        FROM fund_document d
        JOIN (SELECT fund_document_id, sum(amount_fen) AS paid,
            sum(CASE WHEN voucher_no = '' THEN 1 ELSE 0 END) AS unnumbered
          FROM fund_payment WHERE paid_on <= :on GROUP BY fund_document_id) p
          ON p.fund_document_id = d.id
        LEFT JOIN (SELECT fund_document_id, sum(times - 1) AS twice,
            sum((times - 1) * amount_fen) AS doubled
          FROM (SELECT fund_document_id, voucher_no, amount_fen, count(*) AS times
            FROM fund_payment WHERE paid_on <= :on AND voucher_no <> ''
            GROUP BY fund_document_id, voucher_no, amount_fen HAVING count(*) > 1) g
          GROUP BY fund_document_id) t ON t.fund_document_id = d.id
        """,
        needs=(("fund_payment", "资金支付记录"),),
    ),
    Rule(
        "F04",
        "支出未形成资产",
        _START,
        "国办函〔2021〕51号",
        "竣工{a}，支出{b:yuan}元，形成资产原值{c:yuan}元",
        """
        SELECT 'PROJECT' AS kind, f.code AS code, f.division_code AS division, 0 AS year,
          CASE WHEN f.completed_on < :formed_within
            AND coalesce(v.value_fen, 0) * 100 < y.paid * :formed_share THEN 1 ELSE 0 END AS bad,
          y.paid - coalesce(v.value_fen, 0) AS amount_fen, 0 AS persons,
          CASE WHEN v.value_fen IS NULL THEN 'SEVERE' ELSE 'WARN' END AS grade,
          f.completed_on AS a, y.paid AS b, coalesce(v.value_fen, 0) AS c,
          CASE WHEN f.completed_on IS NULL THEN '竣工日期' ELSE '' END AS missing
        FROM current_project f
        JOIN (SELECT project_id, sum(amount_fen) AS paid FROM fund_payment
          WHERE paid_on <= :on GROUP BY project_id) y ON y.project_id = f.project_id
        LEFT JOIN (SELECT project_id, sum(original_value_fen) AS value_fen FROM current_asset
          GROUP BY project_id) v ON v.project_id = f.project_id
        """,
        ("formed-within", "formed-share"),
        needs=(("fund_payment", "资金支付记录"), ("asset", "资产登记")),
    ),
)
"""依据: 预算法; 国办函〔2021〕51号."""
