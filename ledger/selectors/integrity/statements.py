"""The statements that re-derive the books, each naming the rows that are off.

Every statement yields (problem, organization_id, id, name, expected, got, detail) and asks the
tables for everything by itself, so it sees one snapshot however busy the books are. `OF(l)`
stands for "of the organization that is verified"; without one it is true of every row, and the
joins keep organizations apart.
"""

# Law 1, and what a total says. One pass over the lines serves all four questions.
ENTRIES = """
WITH sides AS MATERIALIZED (
  SELECT l.organization_id, l.entry_id, a.currency, count(*) AS lines,
         sum(l.debit) AS debit, sum(l.credit) AS credit
    FROM ledger_journalline l
    LEFT JOIN ledger_account a ON a.id = l.account_id AND a.organization_id = l.organization_id
   WHERE OF(l)
   GROUP BY 1, 2, 3
), heads AS MATERIALIZED (
  SELECT e.organization_id, e.id, e.reference, e.status, e.currency, e.total_amount,
         coalesce(sum(s.lines), 0) AS lines,
         coalesce(sum(s.debit) FILTER (WHERE s.currency = e.currency), 0) AS debit
    FROM ledger_journalentry e
    LEFT JOIN sides s ON s.entry_id = e.id AND s.organization_id = e.organization_id
   WHERE OF(e)
   GROUP BY e.id, e.organization_id
)
SELECT 'entry_is_unbalanced' AS problem, s.organization_id, s.entry_id AS id,
       coalesce(e.reference, '') AS name, s.debit::text AS expected, s.credit::text AS got,
       coalesce(s.currency, '') AS detail
  FROM sides s
  LEFT JOIN ledger_journalentry e ON e.id = s.entry_id AND e.organization_id = s.organization_id
 WHERE s.debit <> s.credit
UNION ALL
SELECT 'entry_has_too_few_lines', organization_id, id, reference, '2', lines::text, status
  FROM heads WHERE status <> 'pending' AND lines < 2
UNION ALL
SELECT 'pending_entry_has_lines', organization_id, id, reference, '0', lines::text, status
  FROM heads WHERE status = 'pending' AND lines > 0
UNION ALL
SELECT 'total_is_off', organization_id, id, reference, debit::text, total_amount::text, currency
  FROM heads WHERE status <> 'pending' AND lines > 0 AND debit <> total_amount
"""

# Laws 2, 7 and 9, line by line.
LINES = """
WITH off AS (
  SELECT l.organization_id, l.id, l.entry_id, l.account_id, l.position, l.debit, l.credit,
         e.id IS NULL AS is_lost, e.reference, a.id IS NULL AS is_foreign
    FROM ledger_journalline l
    LEFT JOIN ledger_account a ON a.id = l.account_id AND a.organization_id = l.organization_id
    LEFT JOIN ledger_journalentry e
      ON e.id = l.entry_id AND e.organization_id = l.organization_id
   WHERE OF(l)
     AND (a.id IS NULL OR e.id IS NULL
          OR NOT ((l.debit > 0 AND l.credit = 0) OR (l.debit = 0 AND l.credit > 0)))
)
SELECT 'line_has_no_entry' AS problem, organization_id, id, '' AS name,
       entry_id::text AS expected, '' AS got, 'position ' || position AS detail
  FROM off WHERE is_lost
UNION ALL
SELECT 'line_account_is_foreign', o.organization_id, o.id, coalesce(o.reference, ''),
       (SELECT slug FROM organizations_organization WHERE id = o.organization_id),
       coalesce((SELECT owner.slug || ' ' || a.code FROM ledger_account a
                   JOIN organizations_organization owner ON owner.id = a.organization_id
                  WHERE a.id = o.account_id), 'no account ' || o.account_id),
       'position ' || o.position
  FROM off o WHERE o.is_foreign
UNION ALL
SELECT 'line_is_not_one_sided', organization_id, id, coalesce(reference, ''),
       debit::text, credit::text, 'position ' || position
  FROM off WHERE NOT ((debit > 0 AND credit = 0) OR (debit = 0 AND credit > 0))
"""

# Law 4 in both directions, and the equation that follows from law 1.
BALANCES = """
WITH by_lines AS MATERIALIZED (
  SELECT l.organization_id, l.account_id,
         (e.effective_on - extract(day FROM e.effective_on)::int + 1) AS month,
         sum(l.debit) AS debits, sum(l.credit) AS credits
    FROM ledger_journalline l
    JOIN ledger_journalentry e ON e.id = l.entry_id AND e.organization_id = l.organization_id
   WHERE OF(l)
   GROUP BY 1, 2, 3
), kept AS (
  SELECT b.organization_id, b.account_id, b.month, sum(b.debits) AS debits,
         sum(b.credits) AS credits, min(b.id::text)::uuid AS id
    FROM ledger_accountbalance b
   WHERE OF(b)
   GROUP BY 1, 2, 3
), compared AS (
  SELECT coalesce(l.organization_id, k.organization_id) AS organization_id,
         coalesce(l.account_id, k.account_id) AS account_id,
         coalesce(l.month, k.month) AS month, k.id, k.debits, k.credits,
         l.debits AS line_debits, l.credits AS line_credits
    FROM by_lines l
    FULL JOIN kept k ON k.organization_id = l.organization_id
     AND k.account_id = l.account_id AND k.month = l.month
   WHERE (l.debits, l.credits) IS DISTINCT FROM (k.debits, k.credits)
), equation AS (
  SELECT l.organization_id, a.currency,
         coalesce(sum(l.debits - l.credits)
                  FILTER (WHERE a.type IN ('asset', 'expense')), 0) AS used,
         coalesce(sum(l.credits - l.debits)
                  FILTER (WHERE a.type IN ('liability', 'equity', 'revenue')), 0) AS owed
    FROM by_lines l
    JOIN ledger_account a ON a.id = l.account_id AND a.organization_id = l.organization_id
   GROUP BY 1, 2
)
SELECT CASE WHEN c.debits IS NULL THEN 'balance_is_missing'
            WHEN c.line_debits IS NULL THEN 'balance_is_surplus'
            ELSE 'balance_is_off' END AS problem,
       c.organization_id, coalesce(c.id, c.account_id) AS id, coalesce(a.code, '') AS name,
       coalesce(c.line_debits, 0) || ' / ' || coalesce(c.line_credits, 0) AS expected,
       coalesce(c.debits, 0) || ' / ' || coalesce(c.credits, 0) AS got,
       to_char(c.month, 'YYYY-MM') || coalesce(' ' || a.currency, '') AS detail
  FROM compared c
  LEFT JOIN ledger_account a ON a.id = c.account_id AND a.organization_id = c.organization_id
UNION ALL
SELECT 'equation_does_not_hold', organization_id, organization_id, currency,
       used::text, owed::text, ''
  FROM equation WHERE used <> owed
"""

# Law 5.
REFERENCES = """
SELECT 'reference_is_not_unique' AS problem, e.organization_id,
       min(e.id::text)::uuid AS id, e.reference AS name, '1' AS expected,
       count(*)::text AS got, string_agg(e.id::text, ', ' ORDER BY e.id) AS detail
  FROM ledger_journalentry e
 WHERE OF(e)
 GROUP BY e.organization_id, e.reference
HAVING count(*) > 1
UNION ALL
SELECT 'alias_is_a_reference', x.organization_id, x.id, x.alias,
       own.reference, e.id::text, 'alias of ' || own.reference
  FROM ledger_entryalias x
  JOIN ledger_journalentry own
    ON own.id = x.entry_id AND own.organization_id = x.organization_id
  JOIN ledger_journalentry e
    ON e.organization_id = x.organization_id AND e.reference = x.alias
 WHERE OF(x)
"""

# Law 3: voided if and only if a reversal, once posted, mirrors the entry account by account.
VOIDS = """
WITH reversals AS MATERIALIZED (
  SELECT r.organization_id, r.id, r.reference, r.reverses_id
    FROM ledger_journalentry r
   WHERE OF(r) AND r.reverses_id IS NOT NULL AND r.status <> 'pending'
), nets AS (
  SELECT r.organization_id, r.id, r.reference, l.account_id, sum(l.debit - l.credit) AS net
    FROM reversals r
   CROSS JOIN LATERAL (VALUES (r.id), (r.reverses_id)) AS both_(entry_id)
    JOIN ledger_journalline l
      ON l.organization_id = r.organization_id AND l.entry_id = both_.entry_id
   GROUP BY 1, 2, 3, 4
  HAVING sum(l.debit - l.credit) <> 0
)
SELECT 'voided_entry_has_no_reversal' AS problem, e.organization_id, e.id,
       e.reference AS name, 'a reversal' AS expected, 'none' AS got, '' AS detail
  FROM ledger_journalentry e
 WHERE OF(e) AND e.status = 'voided'
   AND NOT EXISTS (SELECT FROM reversals r
                    WHERE r.organization_id = e.organization_id AND r.reverses_id = e.id)
UNION ALL
SELECT 'reversed_entry_is_not_voided', r.organization_id, r.reverses_id,
       coalesce(e.reference, ''), 'voided', coalesce(e.status, 'not there'), r.reference
  FROM reversals r
  LEFT JOIN ledger_journalentry e
    ON e.id = r.reverses_id AND e.organization_id = r.organization_id
 WHERE e.status IS DISTINCT FROM 'voided'
UNION ALL
SELECT 'reversal_is_no_mirror', n.organization_id, n.id, n.reference, '0', n.net::text,
       'account ' || coalesce(a.code, n.account_id::text)
  FROM nets n
  LEFT JOIN ledger_account a ON a.id = n.account_id AND a.organization_id = n.organization_id
"""

PROPOSALS = """
SELECT 'proposal_is_left_over' AS problem, p.organization_id, p.id,
       coalesce(e.reference, '') AS name, 'pending' AS expected,
       coalesce(e.status, 'no entry') AS got, 'position ' || p.position AS detail
  FROM ledger_proposedline p
  LEFT JOIN ledger_journalentry e
    ON e.id = p.entry_id AND e.organization_id = p.organization_id
 WHERE OF(p) AND e.status IS DISTINCT FROM 'pending'
"""

# Law 8, from the audit trail: through which day the books were closed when an entry came in.
# The trail's moments and the entries' are the database's clock, whatever the program's said: a
# close writes its event while no posting is in flight, so no posting before it has a later
# moment. A posting that waited for a reopening, and perhaps for the closing before it, is older
# than those events; a minute is allowed it, in which its day has to have been open at some time.
PERIODS = """
WITH changes AS (
  SELECT v.organization_id, v.id, v.occurred_at,
         (v.after ->> 'closed_through')::date AS closed_through
    FROM organizations_auditevent v
   WHERE OF(v) AND v.action IN ('close_books', 'reopen_books', 'close_year')
     AND v.after ? 'closed_through'
), history AS MATERIALIZED (
  SELECT organization_id,
         array_agg(occurred_at ORDER BY occurred_at, id) AS moments,
         array_agg(closed_through ORDER BY occurred_at, id) AS throughs
    FROM changes
   GROUP BY organization_id
), approvals AS MATERIALIZED (
  SELECT v.organization_id, s.id, max(v.occurred_at) AS approved_at
    FROM organizations_auditevent v
   CROSS JOIN LATERAL unnest(v.subject_ids) AS s(id)
   WHERE OF(v) AND v.action = 'approve_entry'
   GROUP BY 1, 2
), entries AS (
  SELECT e.organization_id, e.id, e.reference, e.effective_on,
         s.entered_at, width_bucket(s.entered_at, h.moments) AS since,
         width_bucket(s.entered_at + interval '1 minute', h.moments) AS until, h.throughs
    FROM history h
    JOIN ledger_journalentry e ON e.organization_id = h.organization_id
    LEFT JOIN approvals p ON p.organization_id = e.organization_id AND p.id = e.id
   CROSS JOIN LATERAL (SELECT greatest(e.created_at, p.approved_at) AS entered_at) s
   WHERE e.status <> 'pending'
)
SELECT 'closed_period_was_entered' AS problem, e.organization_id, e.id, e.reference AS name,
       'after ' || e.throughs[e.since] AS expected,
       e.effective_on::text AS got, 'entered at ' || e.entered_at AS detail
  FROM entries e
 WHERE e.effective_on <= e.throughs[e.since]
   AND e.effective_on <= (SELECT min(coalesce(t.through, '-infinity'))
                            FROM unnest(e.throughs[e.since:e.until]) AS t(through))
UNION ALL
SELECT 'closing_has_no_trail', o.id, o.id, o.slug,
       coalesce(h.throughs[cardinality(h.throughs)]::text, 'open'),
       coalesce(o.closed_through::text, 'open'), 'closed through'
  FROM organizations_organization o
  LEFT JOIN history h ON h.organization_id = o.id
 WHERE OF_ORGANIZATION(o)
   AND o.closed_through IS DISTINCT FROM h.throughs[cardinality(h.throughs)]
"""

# Law 9, and the shape of the tree. UNION ends the walk up where a cycle says nothing new.
ACCOUNTS = """
WITH RECURSIVE above AS (
  SELECT a.organization_id, a.id, a.parent_id
    FROM ledger_account a
   WHERE OF(a) AND a.parent_id IS NOT NULL
  UNION
  SELECT b.organization_id, b.id, p.parent_id
    FROM above b
    JOIN ledger_account p ON p.id = b.parent_id AND p.organization_id = b.organization_id
   WHERE p.parent_id IS NOT NULL
)
SELECT 'account_is_above_itself' AS problem, b.organization_id, b.id, a.code AS name,
       'no cycle' AS expected, 'a cycle' AS got, '' AS detail
  FROM above b
  JOIN ledger_account a ON a.id = b.id AND a.organization_id = b.organization_id
 WHERE b.id = b.parent_id
UNION ALL
SELECT 'account_differs_from_its_parent', a.organization_id, a.id, a.code,
       coalesce(p.type, 'none, there is no such account'), a.type,
       'parent ' || coalesce(p.code, a.parent_id::text)
  FROM ledger_account a
  LEFT JOIN ledger_account p ON p.id = a.parent_id AND p.organization_id = a.organization_id
 WHERE OF(a) AND a.parent_id IS NOT NULL AND p.type IS DISTINCT FROM a.type
UNION ALL
SELECT 'parent_account_has_lines', a.organization_id, a.id, a.code, '0',
       (SELECT count(*)::text FROM ledger_journalline l
         WHERE l.organization_id = a.organization_id AND l.account_id = a.id), 'lines'
  FROM ledger_account a
 WHERE OF(a)
   AND EXISTS (SELECT FROM ledger_account c
                WHERE c.organization_id = a.organization_id AND c.parent_id = a.id)
   AND EXISTS (SELECT FROM ledger_journalline l
                WHERE l.organization_id = a.organization_id AND l.account_id = a.id)
"""
