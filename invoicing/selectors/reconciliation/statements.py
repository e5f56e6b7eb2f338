"""The statements that hold invoices, credit notes and payments against the ledger, and against
what they are made of, each naming the rows that are off.

They are of the form that ledger/selectors/integrity/statements.py describes: every statement
yields (problem, organization_id, id, name, expected, got, detail) and sees one snapshot. What the
document says is `expected`, what the ledger says is `got`.

A role may have moved to another account since: what is neither receivable, nor on an account of
revenue or expense, is tax.
"""

# What an invoice says was charged, paid, refunded and credited, against the lines under its
# references, which name it by its id; grouped by that text, in whose order they come.
INVOICES = """
WITH entries AS (
  SELECT e.organization_id, e.id, i.id::text AS invoice, i.receivable_id,
         CASE WHEN substring(e.reference FROM 45) = '-issuance' THEN 'issued'
              WHEN substring(e.reference FROM 45) LIKE '-payment-%%' THEN 'paid'
              WHEN substring(e.reference FROM 45) LIKE '-refund-%%' THEN 'refunded'
              WHEN substring(e.reference FROM 45) LIKE '-credit-note-%%' THEN 'credited'
         END AS fact
    FROM ledger_journalentry e
    JOIN invoicing_invoice i
      ON i.organization_id = e.organization_id
     AND i.id::text = substring(e.reference FROM 9 FOR 36)
   WHERE OF(e) AND OF(i) AND e.reference LIKE 'invoice-%%' AND e.status <> 'pending'
), lines AS (
  SELECT e.organization_id, e.invoice, e.fact, l.debit - l.credit AS net,
         CASE WHEN l.account_id = e.receivable_id THEN 'receivable'
              WHEN a.role = 'tax_payable' THEN 'tax'
              WHEN a.type IN ('revenue', 'expense')
                OR a.role IN ('sales_revenue', 'sales_returns') THEN 'revenue'
              ELSE 'tax' END AS side
    FROM entries e
    JOIN ledger_journalline l ON l.organization_id = e.organization_id AND l.entry_id = e.id
    LEFT JOIN ledger_account a ON a.organization_id = l.organization_id AND a.id = l.account_id
   WHERE OF(l)
), posted AS (
  SELECT l.organization_id, l.invoice,
         sum(l.net) FILTER (WHERE l.fact = 'issued' AND l.side = 'receivable') AS issued,
         -sum(l.net) FILTER (WHERE l.fact = 'issued' AND l.side = 'revenue') AS revenue,
         -sum(l.net) FILTER (WHERE l.fact = 'issued' AND l.side = 'tax') AS tax,
         -sum(l.net) FILTER (WHERE l.fact = 'paid' AND l.side = 'receivable') AS paid,
         sum(l.net) FILTER (WHERE l.fact = 'refunded' AND l.side = 'receivable') AS refunded,
         -sum(l.net) FILTER (WHERE l.fact = 'credited' AND l.side = 'receivable') AS credited
    FROM lines l
   GROUP BY 1, 2
)
SELECT f.problem, i.organization_id, i.id, i.number AS name, f.said::text AS expected,
       coalesce(f.posted, 0)::text AS got, i.currency AS detail
  FROM invoicing_invoice i
  LEFT JOIN posted p ON p.organization_id = i.organization_id AND p.invoice = i.id::text
 CROSS JOIN LATERAL (VALUES
         ('issued_amount_is_off', i.total_amount, p.issued),
         ('revenue_is_off', i.subtotal_amount, p.revenue),
         ('tax_is_off', i.tax_amount, p.tax),
         ('paid_amount_is_off', i.paid_amount, p.paid),
         ('refunded_amount_is_off', i.refunded_amount, p.refunded),
         ('credited_amount_is_off', i.credited_amount, p.credited)) AS f(problem, said, posted)
 WHERE OF(i) AND f.said <> coalesce(f.posted, 0)
"""

# The same of credit notes, with or without an invoice.
CREDIT_NOTES = """
WITH notes AS MATERIALIZED (
  SELECT c.organization_id, c.id, c.number, c.currency, c.receivable_id, c.total_amount,
         c.subtotal_amount, c.tax_amount, c.refunded_amount, c.invoice_id,
         coalesce('invoice-' || c.invoice_id || '-credit-note-' || c.id,
                  'credit-note-' || c.id || '-issuance') AS reference
    FROM invoicing_creditnote c
   WHERE OF(c)
), entries AS (
  SELECT n.organization_id, n.id AS note_id, n.receivable_id, e.id, 'credited' AS fact
    FROM notes n
    JOIN ledger_journalentry e
      ON e.organization_id = n.organization_id AND e.reference = n.reference
   WHERE e.status <> 'pending'
  UNION ALL
  SELECT n.organization_id, n.id, n.receivable_id, e.id, 'refunded'
    FROM ledger_journalentry e
    JOIN notes n
      ON n.organization_id = e.organization_id
     AND n.id::text = substring(e.reference FROM 13 FOR 36)
   WHERE OF(e) AND e.reference LIKE 'credit-note-%%' AND e.status <> 'pending'
     AND substring(e.reference FROM 49) LIKE '-refund-%%'
), lines AS (
  SELECT e.organization_id, e.note_id, e.fact, l.debit - l.credit AS net,
         CASE WHEN l.account_id = e.receivable_id THEN 'receivable'
              WHEN a.role = 'tax_payable' THEN 'tax'
              WHEN a.type IN ('revenue', 'expense')
                OR a.role IN ('sales_revenue', 'sales_returns') THEN 'revenue'
              ELSE 'tax' END AS side
    FROM entries e
    JOIN ledger_journalline l ON l.organization_id = e.organization_id AND l.entry_id = e.id
    LEFT JOIN ledger_account a ON a.organization_id = l.organization_id AND a.id = l.account_id
   WHERE OF(l)
), posted AS (
  SELECT l.organization_id, l.note_id,
         -sum(l.net) FILTER (WHERE l.fact = 'credited' AND l.side = 'receivable') AS credited,
         sum(l.net) FILTER (WHERE l.fact = 'credited' AND l.side = 'revenue') AS revenue,
         sum(l.net) FILTER (WHERE l.fact = 'credited' AND l.side = 'tax') AS tax,
         sum(l.net) FILTER (WHERE l.fact = 'refunded' AND l.side = 'receivable') AS refunded
    FROM lines l
   GROUP BY 1, 2
)
SELECT f.problem, n.organization_id, n.id, n.number AS name, f.said::text AS expected,
       coalesce(f.posted, 0)::text AS got, n.currency AS detail
  FROM notes n
  LEFT JOIN posted p ON p.organization_id = n.organization_id AND p.note_id = n.id
 CROSS JOIN LATERAL (VALUES
         ('credit_note_amount_is_off', n.total_amount, p.credited),
         ('credit_note_revenue_is_off', n.subtotal_amount, p.revenue),
         ('credit_note_tax_is_off', n.tax_amount, p.tax),
         ('credit_note_refunded_amount_is_off', n.refunded_amount, p.refunded))
       AS f(problem, said, posted)
 WHERE f.said <> coalesce(f.posted, 0)
"""

# Each document and each payment names an entry, which says the same and is not voided.
ENTRIES = """
WITH unnamed AS MATERIALIZED (
  SELECT e.organization_id, e.id, e.reference, e.total_amount, e.currency
    FROM ledger_journalentry e
   WHERE OF(e) AND e.status <> 'pending'
     AND (e.reference LIKE 'invoice-%%' OR e.reference LIKE 'credit-note-%%')
     AND NOT EXISTS (SELECT FROM invoicing_invoice i
                      WHERE i.organization_id = e.organization_id AND i.entry_id = e.id)
     AND NOT EXISTS (SELECT FROM invoicing_creditnote c
                      WHERE c.organization_id = e.organization_id AND c.entry_id = e.id)
     AND NOT EXISTS (SELECT FROM invoicing_financialtransaction t
                      WHERE t.organization_id = e.organization_id AND t.entry_id = e.id)
), documents AS (
  SELECT i.organization_id, i.id, i.number AS name, i.entry_id, i.issued_on AS day, i.currency,
         i.total_amount AS amount, 'invoice-' || i.id || '-issuance' AS reference
    FROM invoicing_invoice i
   WHERE OF(i) AND i.total_amount > 0
  UNION ALL
  SELECT c.organization_id, c.id, c.number, c.entry_id, c.issued_on, c.currency, c.total_amount,
         coalesce('invoice-' || c.invoice_id || '-credit-note-' || c.id,
                  'credit-note-' || c.id || '-issuance')
    FROM invoicing_creditnote c
   WHERE OF(c)
  UNION ALL
  SELECT t.organization_id, t.id, coalesce(i.number, c.number, ''), t.entry_id, t.occurred_on,
         t.currency, t.amount,
         CASE WHEN t.invoice_id IS NULL
              THEN 'credit-note-' || t.credit_note_id || '-refund-' || t.id
              WHEN t.type = 'refund' THEN 'invoice-' || t.invoice_id || '-refund-' || t.id
              WHEN t.type = 'credit' THEN 'invoice-' || t.invoice_id || '-payment-' || t.id
              ELSE 'invoice-' || t.invoice_id || '-payment-' || t.reverses_id || '-reversal' END
    FROM invoicing_financialtransaction t
    LEFT JOIN invoicing_invoice i
      ON i.organization_id = t.organization_id AND i.id = t.invoice_id
    LEFT JOIN invoicing_creditnote c
      ON c.organization_id = t.organization_id AND c.id = t.credit_note_id
   WHERE OF(t)
)
SELECT 'document_is_not_posted' AS problem, d.organization_id, d.id, d.name,
       concat_ws(' ', 'posted', d.day, d.amount, d.currency, d.reference) AS expected,
       coalesce(e.status || ' ' || e.effective_on || ' ' || e.total_amount || ' ' || e.currency
                || ' ' || e.reference, 'no entry') AS got,
       coalesce(e.id, d.entry_id)::text AS detail
  FROM documents d
  LEFT JOIN ledger_journalentry e
    ON e.organization_id = d.organization_id AND e.id = d.entry_id
 WHERE (e.status, e.effective_on, e.total_amount, e.currency, e.reference)
       IS DISTINCT FROM ('posted', d.day, d.amount, d.currency, d.reference)
UNION ALL
SELECT 'entry_has_no_document', u.organization_id, u.id, u.reference, 'a document',
       u.total_amount::text, u.currency
  FROM unnamed u
 WHERE u.reference ~ ('^(invoice|credit-note)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-'
                      '(issuance|(payment|refund|credit-note)-[0-9a-f-]{36}(-reversal)?)$')
"""

# What triggers keep on a document, against the rows that it is the sum of.
KEPT = """
WITH moved AS (
  SELECT t.organization_id, t.invoice_id, t.credit_note_id,
         sum(CASE t.type WHEN 'credit' THEN t.amount WHEN 'debit' THEN -t.amount ELSE 0 END)
           AS paid,
         coalesce(sum(t.amount) FILTER (WHERE t.type = 'refund'), 0) AS refunded
    FROM invoicing_financialtransaction t
   WHERE OF(t)
   GROUP BY 1, 2, 3
), credited AS (
  SELECT c.organization_id, c.invoice_id, sum(c.total_amount) AS amount
    FROM invoicing_creditnote c
   WHERE OF(c) AND c.invoice_id IS NOT NULL
   GROUP BY 1, 2
)
SELECT f.problem, i.organization_id, i.id, i.number AS name, coalesce(f.rows, 0)::text AS expected,
       f.kept::text AS got, i.currency AS detail
  FROM invoicing_invoice i
  LEFT JOIN moved m ON m.organization_id = i.organization_id AND m.invoice_id = i.id
  LEFT JOIN credited c ON c.organization_id = i.organization_id AND c.invoice_id = i.id
 CROSS JOIN LATERAL (VALUES
         ('kept_paid_amount_is_off', m.paid, i.paid_amount),
         ('kept_refunded_amount_is_off', m.refunded, i.refunded_amount),
         ('kept_credited_amount_is_off', c.amount, i.credited_amount)) AS f(problem, rows, kept)
 WHERE OF(i) AND f.kept <> coalesce(f.rows, 0)
UNION ALL
SELECT 'kept_refunded_amount_is_off', c.organization_id, c.id, c.number,
       coalesce(m.refunded, 0)::text, c.refunded_amount::text, c.currency
  FROM invoicing_creditnote c
  LEFT JOIN moved m ON m.organization_id = c.organization_id AND m.credit_note_id = c.id
 WHERE OF(c) AND c.refunded_amount <> coalesce(m.refunded, 0)
UNION ALL
SELECT 'payment_status_is_off', t.organization_id, t.id, coalesce(i.number, ''),
       CASE WHEN r.id IS NULL THEN 'completed' ELSE 'reversed' END, t.status,
       t.amount || ' ' || t.currency
  FROM invoicing_financialtransaction t
  LEFT JOIN invoicing_financialtransaction r
    ON r.organization_id = t.organization_id AND r.reverses_id = t.id
  LEFT JOIN invoicing_invoice i
    ON i.organization_id = t.organization_id AND i.id = t.invoice_id
 WHERE OF(t) AND t.type = 'credit' AND (t.status = 'reversed') <> (r.id IS NOT NULL)
"""

# Locked orders and credit notes against their items and tax lines, orders against their invoices.
PARTS = """
WITH items AS (
  SELECT t.organization_id, t.order_id, sum(t.net_amount) AS net, sum(t.tax_amount) AS tax
    FROM invoicing_orderitem t
   WHERE OF(t)
   GROUP BY 1, 2
), taxes AS (
  SELECT t.organization_id, t.order_id, sum(t.tax_amount) AS tax
    FROM invoicing_ordertaxline t
   WHERE OF(t)
   GROUP BY 1, 2
), credited_items AS (
  SELECT t.organization_id, t.credit_note_id, sum(t.net_amount) AS net, sum(t.tax_amount) AS tax
    FROM invoicing_creditnoteitem t
   WHERE OF(t)
   GROUP BY 1, 2
), credited_taxes AS (
  SELECT t.organization_id, t.credit_note_id, sum(t.tax_amount) AS tax
    FROM invoicing_creditnotetaxline t
   WHERE OF(t)
   GROUP BY 1, 2
)
SELECT f.problem, o.organization_id, o.id, coalesce(nullif(o.reference, ''), o.id::text) AS name,
       f.said::text AS expected, coalesce(f.parts, 0)::text AS got, o.currency AS detail
  FROM invoicing_order o
  LEFT JOIN items i ON i.organization_id = o.organization_id AND i.order_id = o.id
  LEFT JOIN taxes t ON t.organization_id = o.organization_id AND t.order_id = o.id
 CROSS JOIN LATERAL (VALUES
         ('order_subtotal_is_off', o.subtotal_amount, i.net),
         ('order_tax_of_items_is_off', o.tax_amount, i.tax),
         ('order_tax_lines_are_off', o.tax_amount, t.tax)) AS f(problem, said, parts)
 WHERE OF(o) AND o.locked_at IS NOT NULL AND f.said <> coalesce(f.parts, 0)
UNION ALL
SELECT f.problem, c.organization_id, c.id, c.number, f.said::text, coalesce(f.parts, 0)::text,
       c.currency
  FROM invoicing_creditnote c
  LEFT JOIN credited_items i ON i.organization_id = c.organization_id AND i.credit_note_id = c.id
  LEFT JOIN credited_taxes t ON t.organization_id = c.organization_id AND t.credit_note_id = c.id
 CROSS JOIN LATERAL (VALUES
         ('credit_note_subtotal_is_off', c.subtotal_amount, i.net,
          i.net IS NOT NULL OR c.invoice_id IS NULL),
         ('credit_note_tax_of_items_is_off', c.tax_amount, i.tax,
          i.net IS NOT NULL OR c.invoice_id IS NULL),
         ('credit_note_tax_lines_are_off', c.tax_amount, t.tax, true))
       AS f(problem, said, parts, counts)
 WHERE OF(c) AND f.counts AND f.said <> coalesce(f.parts, 0)
UNION ALL
SELECT 'invoice_is_not_its_order', i.organization_id, i.id, i.number,
       coalesce(o.subtotal_amount || ' + ' || o.tax_amount || ' ' || o.currency, 'no order'),
       i.subtotal_amount || ' + ' || i.tax_amount || ' ' || i.currency,
       coalesce(nullif(o.reference, ''), i.order_id::text)
  FROM invoicing_invoice i
  LEFT JOIN invoicing_order o ON o.organization_id = i.organization_id AND o.id = i.order_id
 WHERE OF(i)
   AND (i.subtotal_amount, i.tax_amount, i.currency, i.customer_id)
       IS DISTINCT FROM (o.subtotal_amount, o.tax_amount, o.currency, o.customer_id)
UNION ALL
SELECT 'order_status_is_off', o.organization_id, o.id,
       coalesce(nullif(o.reference, ''), o.id::text), f.status, o.status, i.number
  FROM invoicing_order o
  JOIN invoicing_invoice i ON i.organization_id = o.organization_id AND i.order_id = o.id
 CROSS JOIN LATERAL invoicing_follow(o, i) AS f
 WHERE OF(o) AND o.status <> f.status
"""

# Each series counts from 1 in every fiscal year without a gap, and its counter stands at the last.
NUMBERS = """
WITH given AS MATERIALIZED (
  SELECT i.organization_id, i.series_id, i.fiscal_year, i.sequence, i.id, i.number
    FROM invoicing_invoice i
   WHERE OF(i)
  UNION ALL
  SELECT c.organization_id, c.series_id, c.fiscal_year, c.sequence, c.id, c.number
    FROM invoicing_creditnote c
   WHERE OF(c)
), steps AS (
  SELECT g.*, lag(g.sequence, 1, 0::bigint)
           OVER (PARTITION BY g.organization_id, g.series_id, g.fiscal_year ORDER BY g.sequence)
           AS before
    FROM given g
), ends AS (
  SELECT g.organization_id, g.series_id, g.fiscal_year, max(g.sequence) AS last
    FROM given g
   GROUP BY 1, 2, 3
), counters AS (
  SELECT k.organization_id, k.series_id, k.fiscal_year, k.last_number, k.id
    FROM invoicing_numbercounter k
   WHERE OF(k)
), compared AS (
  SELECT coalesce(e.organization_id, k.organization_id) AS organization_id,
         coalesce(e.series_id, k.series_id) AS series_id,
         coalesce(e.fiscal_year, k.fiscal_year) AS fiscal_year,
         coalesce(e.last, 0) AS last, k.last_number, k.id
    FROM ends e
    FULL JOIN counters k
      ON k.organization_id = e.organization_id AND k.series_id = e.series_id
     AND k.fiscal_year = e.fiscal_year
)
SELECT 'numbers_have_a_gap' AS problem, s.organization_id, s.id, s.number AS name,
       (s.before + 1)::text AS expected, s.sequence::text AS got,
       coalesce(n.kind || ' series ' || n.code || ' ', '') || s.fiscal_year AS detail
  FROM steps s
  LEFT JOIN invoicing_numberseries n
    ON n.organization_id = s.organization_id AND n.id = s.series_id
 WHERE s.sequence <> s.before + 1
UNION ALL
SELECT 'counter_is_off', c.organization_id, coalesce(c.id, c.series_id), coalesce(n.code, ''),
       c.last::text, coalesce(c.last_number::text, 'no counter'),
       coalesce(n.kind || ' series ', '') || c.fiscal_year
  FROM compared c
  LEFT JOIN invoicing_numberseries n
    ON n.organization_id = c.organization_id AND n.id = c.series_id
 WHERE c.last IS DISTINCT FROM c.last_number
"""

# The control accounts: that which has the role, and those that documents stand on.
CONTROL = """
WITH opened AS (
  SELECT d.organization_id, d.receivable_id, sum(d.amount) AS amount
    FROM (SELECT i.organization_id, i.receivable_id, i.open_amount AS amount
            FROM invoicing_invoice i
           WHERE OF(i)
          UNION ALL
          SELECT c.organization_id, c.receivable_id, c.refunded_amount - c.total_amount
            FROM invoicing_creditnote c
           WHERE OF(c) AND c.invoice_id IS NULL) d
   GROUP BY 1, 2
), kept AS (
  SELECT b.organization_id, b.account_id, sum(b.debits - b.credits) AS amount
    FROM ledger_accountbalance b
   WHERE OF(b)
   GROUP BY 1, 2
)
SELECT 'control_account_is_off' AS problem, a.organization_id, a.id, a.code AS name,
       coalesce(o.amount, 0)::text AS expected, coalesce(k.amount, 0)::text AS got,
       a.currency AS detail
  FROM ledger_account a
  LEFT JOIN opened o ON o.organization_id = a.organization_id AND o.receivable_id = a.id
  LEFT JOIN kept k ON k.organization_id = a.organization_id AND k.account_id = a.id
 WHERE OF(a) AND (a.role = 'accounts_receivable' OR o.amount IS NOT NULL)
   AND coalesce(o.amount, 0) <> coalesce(k.amount, 0)
"""
