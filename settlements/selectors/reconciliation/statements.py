"""The statements that hold payees' items, settlements, payouts and bank files against the ledger,
and against what they are made of, each naming the rows that are off.

They are of the form that ledger/selectors/integrity/statements.py describes: every statement
yields (problem, organization_id, id, name, expected, got, detail) and sees one snapshot. `as_of` is
the last day that counts where a figure is of a day.
"""

from settlements.selectors.positions import POSITIONS

# What each payee is owed by the rows, against what their entries have left on the account.
POSITION = f"""
WITH positions AS (
  SELECT m.payee_id, coalesce(sum(m.amount) FILTER (WHERE m.part <> 'ledger'), 0) AS owed,
         coalesce(sum(m.amount) FILTER (WHERE m.part = 'ledger'), 0) AS posted
    FROM ({POSITIONS}) m
   GROUP BY 1
)
SELECT 'payee_position_is_off' AS problem, k.organization_id, k.id, k.code AS name,
       m.owed::text AS expected, m.posted::text AS got, k.currency AS detail
  FROM positions m
  JOIN settlements_payee k ON k.id = m.payee_id
 WHERE OF(k) AND m.owed <> m.posted
"""

# What items and payouts say, and the entries that they name: (kind, id, name, entry, …).
_FACTS = """
  SELECT 'sale' AS kind, i.organization_id, i.id, i.payee_id, i.entry_id,
         'sale:' || i.reference AS reference, i.sold_on AS day, i.currency,
         i.total_amount AS total, i.organizer_amount AS owed,
         i.ticket_revenue + i.platform_fee AS earned, NULL::uuid AS account_id
    FROM settlements_sale i
   WHERE OF(i)
  UNION ALL
  SELECT 'refund', i.organization_id, i.id, i.payee_id, i.entry_id,
         'sale-refund:' || i.reference, i.refunded_on, i.currency, i.amount, -i.organizer_amount,
         -i.ticket_revenue - i.platform_fee, NULL
    FROM settlements_refund i
   WHERE OF(i)
  UNION ALL
  SELECT 'adjustment', i.organization_id, i.id, i.payee_id, i.entry_id,
         'adjustment:' || i.reference, i.adjusted_on, i.currency, abs(i.amount), i.amount,
         NULL, i.account_id
    FROM settlements_adjustment i
   WHERE OF(i)
  UNION ALL
  SELECT 'payout', p.organization_id, p.id, s.payee_id, f.entry_id,
         f.kind || ':' || p.end_to_end_id, f.day, p.currency, p.amount,
         CASE f.kind WHEN 'payout' THEN -p.amount ELSE p.amount END, NULL, NULL
    FROM settlements_payout p
    JOIN settlements_settlement s
      ON s.organization_id = p.organization_id AND s.id = p.settlement_id
   CROSS JOIN LATERAL (VALUES
           ('payout', p.entry_id, p.paid_on, p.status IN ('paid', 'returned')),
           ('payout-return', p.return_entry_id, p.failed_on, p.status = 'returned'))
         AS f(kind, entry_id, day, is_posted)
   WHERE OF(p) AND f.is_posted
"""

# Each names an entry that says the same: posted, under its reference, of its day, currency and
# amount, on the payee's account; a sale earns its fee, an adjustment is on the account it names.
POSTINGS = f"""
WITH facts AS MATERIALIZED ({_FACTS}),
posted AS MATERIALIZED (
  SELECT f.kind, f.id, f.reference,
         sum(l.credit - l.debit) FILTER (WHERE l.account_id = k.payable_id) AS owed,
         sum(l.credit - l.debit) FILTER (WHERE a.type IN ('revenue', 'expense')) AS earned,
         sum(l.debit - l.credit) FILTER (WHERE l.account_id = f.account_id) AS other
    FROM facts f
    JOIN settlements_payee k
      ON k.organization_id = f.organization_id AND k.id = f.payee_id
    JOIN ledger_journalline l
      ON l.organization_id = f.organization_id AND l.entry_id = f.entry_id
    JOIN ledger_account a ON a.organization_id = l.organization_id AND a.id = l.account_id
   WHERE OF(l)
   GROUP BY 1, 2, 3
)
SELECT f.kind || '_' || c.fact AS problem, f.organization_id, f.id, f.reference AS name,
       c.said AS expected, c.found AS got, c.detail
  FROM facts f
  JOIN settlements_payee k ON k.organization_id = f.organization_id AND k.id = f.payee_id
  LEFT JOIN ledger_journalentry e
    ON e.organization_id = f.organization_id AND e.id = f.entry_id
  LEFT JOIN posted p ON p.kind = f.kind AND p.id = f.id AND p.reference = f.reference
 CROSS JOIN LATERAL (VALUES
         ('is_not_posted', 'posted ' || f.reference,
          coalesce(e.status || ' ' || e.reference, 'no entry'), f.entry_id::text, true),
         ('currency_is_off', k.currency || ' ' || f.currency, k.currency || ' ' || e.currency,
          k.code, e.id IS NOT NULL),
         ('date_is_off', f.day::text, e.effective_on::text, '', e.id IS NOT NULL),
         ('total_is_off', f.total::text, e.total_amount::text, f.currency, e.id IS NOT NULL),
         ('payable_is_off', f.owed::text, coalesce(p.owed, 0)::text, f.currency, true),
         ('revenue_is_off', f.earned::text, coalesce(p.earned, 0)::text, f.currency,
          f.earned IS NOT NULL),
         ('account_is_off', f.owed::text, coalesce(p.other, 0)::text, f.currency,
          f.account_id IS NOT NULL))
       AS c(fact, said, found, detail, counts)
 WHERE (e.status, e.reference, e.currency, e.effective_on, e.total_amount, k.currency,
        coalesce(p.owed, 0), coalesce(p.earned, 0), coalesce(p.other, 0))
       IS DISTINCT FROM
       ('posted', f.reference, f.currency, f.day, f.total, f.currency, f.owed::numeric,
        coalesce(f.earned, p.earned, 0), CASE WHEN f.account_id IS NULL THEN 0 ELSE f.owed END)
   AND c.counts AND c.said IS DISTINCT FROM c.found
"""

# Lines on a payees' account that are of no item and no payout. What was voided is nothing together
# with its reversal; a reversal of what an item has posted is not.
STRAYS = """
WITH named AS MATERIALIZED (
  SELECT i.organization_id, i.entry_id FROM settlements_sale i WHERE OF(i)
  UNION ALL
  SELECT i.organization_id, i.entry_id FROM settlements_refund i WHERE OF(i)
  UNION ALL
  SELECT i.organization_id, i.entry_id FROM settlements_adjustment i WHERE OF(i)
  UNION ALL
  SELECT p.organization_id, p.entry_id FROM settlements_payout p
   WHERE OF(p) AND p.entry_id IS NOT NULL
  UNION ALL
  SELECT p.organization_id, p.return_entry_id FROM settlements_payout p
   WHERE OF(p) AND p.return_entry_id IS NOT NULL
), controls AS (
  SELECT DISTINCT k.organization_id, k.payable_id FROM settlements_payee k WHERE OF(k)
), strays AS (
  SELECT l.organization_id, l.account_id, coalesce(e.reverses_id, e.id) AS entry_id,
         sum(l.credit - l.debit) AS amount, min(e.reference) AS reference
    FROM controls c
    JOIN ledger_journalline l
      ON l.organization_id = c.organization_id AND l.account_id = c.payable_id
    JOIN ledger_journalentry e ON e.organization_id = l.organization_id AND e.id = l.entry_id
    LEFT JOIN named n ON n.organization_id = l.organization_id AND n.entry_id = l.entry_id
   WHERE OF(l) AND n.entry_id IS NULL AND e.effective_on <= %(as_of)s
   GROUP BY 1, 2, 3
  HAVING sum(l.credit - l.debit) <> 0
)
SELECT 'line_is_of_no_item' AS problem, s.organization_id, s.entry_id AS id,
       coalesce(e.reference, s.reference) AS name, '0' AS expected, s.amount::text AS got,
       a.currency || ' on ' || a.code AS detail
  FROM strays s
  JOIN ledger_account a ON a.organization_id = s.organization_id AND a.id = s.account_id
  LEFT JOIN ledger_journalentry e
    ON e.organization_id = s.organization_id AND e.id = s.entry_id
"""

# What a settlement says it took in, against its items; and that they are the payee's, and in time.
ITEMS = """
WITH items AS (
  SELECT i.organization_id, i.settlement_id, i.payee_id, 'sales' AS kind, count(*) AS items,
         sum(i.organizer_amount) AS amount, max(i.sold_on) AS latest
    FROM settlements_sale i WHERE OF(i) AND i.settlement_id IS NOT NULL
   GROUP BY 1, 2, 3
  UNION ALL
  SELECT i.organization_id, i.settlement_id, i.payee_id, 'refunds', count(*),
         sum(i.organizer_amount), max(i.refunded_on)
    FROM settlements_refund i WHERE OF(i) AND i.settlement_id IS NOT NULL
   GROUP BY 1, 2, 3
  UNION ALL
  SELECT i.organization_id, i.settlement_id, i.payee_id, 'adjustments', count(*),
         sum(i.amount), max(i.adjusted_on)
    FROM settlements_adjustment i WHERE OF(i) AND i.settlement_id IS NOT NULL
   GROUP BY 1, 2, 3
), sums AS (
  SELECT i.organization_id, i.settlement_id, sum(i.items) AS items, max(i.latest) AS latest,
         sum(i.amount) FILTER (WHERE i.kind = 'sales') AS sales,
         sum(i.amount) FILTER (WHERE i.kind = 'refunds') AS refunds,
         sum(i.amount) FILTER (WHERE i.kind = 'adjustments') AS adjustments,
         min(i.payee_id::text) AS one_payee, max(i.payee_id::text) AS another_payee
    FROM items i
   GROUP BY 1, 2
), released AS (
  SELECT r.organization_id, r.reserve_released_by_id AS settlement_id,
         sum(r.reserve_held_amount) AS amount
    FROM settlements_settlement r
   WHERE OF(r) AND r.reserve_released_by_id IS NOT NULL
   GROUP BY 1, 2
)
SELECT f.problem, s.organization_id, s.id, k.code || ' ' || s.sequence AS name,
       f.made AS expected, f.said AS got, s.currency AS detail
  FROM settlements_settlement s
  JOIN settlements_payee k ON k.organization_id = s.organization_id AND k.id = s.payee_id
  LEFT JOIN sums m ON m.organization_id = s.organization_id AND m.settlement_id = s.id
  LEFT JOIN released r ON r.organization_id = s.organization_id AND r.settlement_id = s.id
 CROSS JOIN LATERAL (VALUES
         ('settlement_item_count_is_off', coalesce(m.items, 0)::text, s.item_count::text),
         ('settlement_sales_are_off', coalesce(m.sales, 0)::text, s.sales_amount::text),
         ('settlement_refunds_are_off', coalesce(m.refunds, 0)::text, s.refunds_amount::text),
         ('settlement_adjustments_are_off', coalesce(m.adjustments, 0)::text,
          s.adjustments_amount::text),
         ('settlement_reserve_released_is_off', coalesce(r.amount, 0)::text,
          s.reserve_released_amount::text),
         ('settlement_total_is_off',
          (s.sales_amount - s.refunds_amount + s.adjustments_amount + s.carried_forward_amount
           - s.reserve_held_amount + s.reserve_released_amount)::text, s.total_amount::text),
         ('settlement_currency_is_off', k.currency, s.currency),
         ('settlement_holds_a_later_item', greatest(m.latest, s.through)::text, s.through::text),
         ('settlement_holds_another_payees_item', s.payee_id::text,
          CASE m.one_payee WHEN s.payee_id::text
               THEN m.another_payee ELSE coalesce(m.one_payee, s.payee_id::text) END))
       AS f(problem, made, said)
 WHERE OF(s) AND f.made <> f.said
UNION ALL
SELECT 'sale_refunded_amount_is_off', i.organization_id, i.id, 'sale:' || i.reference,
       coalesce(r.amount, 0)::text, i.refunded_amount::text, i.currency
  FROM settlements_sale i
  LEFT JOIN (SELECT r.organization_id, r.sale_id, sum(r.amount) AS amount
               FROM settlements_refund r WHERE OF(r) GROUP BY 1, 2) r
    ON r.organization_id = i.organization_id AND r.sale_id = i.id
 WHERE OF(i) AND i.refunded_amount <> coalesce(r.amount, 0)
"""

# What became of a settlement, against its attempts at paying.
STATUSES = """
WITH attempts AS (
  SELECT p.organization_id, p.settlement_id, count(*) AS attempts, max(p.attempt) AS latest,
         (array_agg(p.status ORDER BY p.attempt DESC))[1] AS status,
         min(p.amount) AS least, max(p.amount) AS most,
         count(*) FILTER (WHERE p.status IN ('initiated', 'paid')) AS live
    FROM settlements_payout p
   WHERE OF(p)
   GROUP BY 1, 2
)
SELECT f.problem, s.organization_id, s.id, k.code || ' ' || s.sequence AS name,
       f.said AS expected, f.found AS got, s.currency AS detail
  FROM settlements_settlement s
  JOIN settlements_payee k ON k.organization_id = s.organization_id AND k.id = s.payee_id
  LEFT JOIN attempts a ON a.organization_id = s.organization_id AND a.settlement_id = s.id
 CROSS JOIN LATERAL (VALUES
         ('settlement_status_is_off',
          CASE WHEN s.total_amount <= 0 THEN 'completed'
               ELSE CASE a.status WHEN 'initiated' THEN 'processing' WHEN 'paid' THEN 'completed'
                                  WHEN 'failed' THEN 'failed' WHEN 'returned' THEN 'failed'
                                  ELSE 'pending' END END, s.status),
         ('settlement_attempts_have_a_gap', coalesce(a.latest, 0)::text,
          coalesce(a.attempts, 0)::text),
         ('settlement_payout_is_off', s.total_amount::text,
          CASE a.least WHEN s.total_amount THEN a.most
                       ELSE coalesce(a.least, s.total_amount) END::text),
         ('settlement_is_paid_twice', least(coalesce(a.live, 0), 1)::text,
          coalesce(a.live, 0)::text))
       AS f(problem, said, found)
 WHERE OF(s) AND f.said <> f.found
"""

# Each payee's settlements are one chain: numbered from 1, never going back, each carrying forward
# what the one before was below zero, and a reserve is released by one later of the same payee.
CHAIN = """
WITH chain AS (
  SELECT s.*, lag(s.sequence, 1, 0) OVER of_payee AS before_sequence,
         lag(s.through) OVER of_payee AS before_through,
         lag(s.total_amount) OVER of_payee AS before_total
    FROM settlements_settlement s
   WHERE OF(s)
  WINDOW of_payee AS (PARTITION BY s.organization_id, s.payee_id ORDER BY s.sequence)
)
SELECT f.problem, s.organization_id, s.id, k.code || ' ' || s.sequence AS name,
       f.wanted AS expected, f.found AS got, s.currency AS detail
  FROM chain s
  JOIN settlements_payee k ON k.organization_id = s.organization_id AND k.id = s.payee_id
 CROSS JOIN LATERAL (VALUES
         ('settlement_before_is_missing', (s.before_sequence + 1)::text, s.sequence::text),
         ('settlement_goes_back', greatest(s.before_through, s.through)::text, s.through::text),
         ('settlement_carried_forward_is_off', least(coalesce(s.before_total, 0), 0)::text,
          s.carried_forward_amount::text)) AS f(problem, wanted, found)
 WHERE f.wanted <> f.found
UNION ALL
SELECT 'settlement_reserve_is_released_wrongly', s.organization_id, s.id,
       k.code || ' ' || s.sequence,
       concat_ws(' ', 'a later one of', k.code, 'from', s.reserve_release_on),
       coalesce(concat_ws(' ', o.code, r.sequence, 'through', r.through), 'no settlement'),
       s.reserve_held_amount || ' ' || s.currency
  FROM settlements_settlement s
  JOIN settlements_payee k ON k.organization_id = s.organization_id AND k.id = s.payee_id
  LEFT JOIN settlements_settlement r
    ON r.organization_id = s.organization_id AND r.id = s.reserve_released_by_id
  LEFT JOIN settlements_payee o ON o.organization_id = r.organization_id AND o.id = r.payee_id
 WHERE OF(s) AND s.reserve_released_by_id IS NOT NULL
   AND (r.payee_id = s.payee_id AND r.sequence > s.sequence
        AND coalesce(s.reserve_release_on <= r.through, true)) IS NOT TRUE
"""

# A file for the bank against what it asks for: by its rows, and by what is written in it. A line of
# the CSV begins with end-to-end id and amount; no cell has a line break.
BATCHES = """
WITH asked AS (
  SELECT i.organization_id, i.batch_id, count(*) AS payouts, sum(p.amount) AS amount
    FROM settlements_payoutbatchitem i
    LEFT JOIN settlements_payout p
      ON p.organization_id = i.organization_id AND p.id = i.payout_id
   WHERE OF(i)
   GROUP BY 1, 2
), written AS (
  SELECT b.organization_id, b.id, count(w.amount) AS payouts,
         sum(replace(w.amount[1], '.', '')::numeric) AS amount
    FROM settlements_payoutbatch b
    LEFT JOIN LATERAL regexp_matches(
           encode(b.content, 'escape'),
           CASE b.format WHEN 'csv' THEN '^[A-Za-z0-9-]+,([0-9.]+),'
                         ELSE '<InstdAmt Ccy="[A-Z]{3}">([0-9.]+)</InstdAmt>' END, 'gn')
         AS w(amount) ON true
   WHERE OF(b)
   GROUP BY 1, 2
)
SELECT f.problem, b.organization_id, b.id, b.message_id AS name, f.found AS expected,
       f.said AS got, b.currency AS detail
  FROM settlements_payoutbatch b
  LEFT JOIN asked a ON a.organization_id = b.organization_id AND a.batch_id = b.id
  LEFT JOIN written w ON w.organization_id = b.organization_id AND w.id = b.id
 CROSS JOIN LATERAL (VALUES
         ('batch_payout_count_is_off', coalesce(a.payouts, 0)::text, b.payout_count::text),
         ('batch_control_sum_is_off', coalesce(a.amount, 0)::text, b.control_sum_amount::text),
         ('batch_file_count_is_off', w.payouts::text, b.payout_count::text),
         ('batch_file_sum_is_off', coalesce(w.amount, 0)::text, b.control_sum_amount::text),
         ('batch_hash_is_off', encode(sha256(b.content), 'hex'), b.content_hash::text))
       AS f(problem, found, said)
 WHERE OF(b) AND f.found <> f.said
"""
