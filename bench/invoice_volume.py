"""Very many invoices, by SQL: paid, partly paid, credited and refunded, each with its journal
entries, as the services would have left them.

Triggers are off while they go in, so what is written must be right by itself: `check_invoices` and
`verify_books` find nothing in it.
"""

from typing import Any
from uuid import UUID

from django.db import connection, transaction

from ledger.models import Account, AccountRole
from organizations.models import Organization

# Invoice n is sold to customer n % customers (0: a walk-in sale) on a day of two years. Of ten
# invoices six are paid, one half, two not at all; one is credited, every other of those as the
# refund of what was paid. Every fiftieth is paid, taken back and paid again.
_PLAN = """
CREATE TEMPORARY TABLE plan AS
SELECT n, gen_random_uuid() AS order_id, gen_random_uuid() AS invoice_id,
       gen_random_uuid() AS entry_id, day, day + 30 AS due_on,
       CASE WHEN n %% %(customers)s > 0
            THEN md5(%(organization)s || '-customer-' || n %% %(customers)s)::uuid
       END AS customer_id,
       one, other, one + other AS net, ((one + other) * 175 + 500) / 1000 AS tax,
       one * 175 / 1000 AS tax_of_one,
       row_number() OVER (PARTITION BY extract(year FROM day) ORDER BY n) AS sequence
  FROM (SELECT n, date '2024-01-01' + (n * 730 / %(invoices)s)::int AS day,
               500 + n * 7919 %% 90000 AS one, 300 + n * 104729 %% 50000 AS other
          FROM generate_series(0::bigint, %(invoices)s - 1) AS n) numbered
"""

_MOVES = """
CREATE TEMPORARY TABLE moves AS
SELECT p.n, p.invoice_id, p.customer_id, f.type, f.status, f.amount, p.day + f.days AS day,
       gen_random_uuid() AS id, gen_random_uuid() AS entry_id, f.step
  FROM plan p
 CROSS JOIN LATERAL (VALUES
       ('credit', CASE WHEN n %% 50 = 0 THEN 'reversed' ELSE 'completed' END, net + tax, 20, 1,
        n %% 10 < 6 OR n %% 20 = 19),
       ('credit', 'completed', (net + tax) / 2, 40, 1, n %% 10 = 6),
       ('debit', 'completed', net + tax, 25, 2, n %% 50 = 0),
       ('credit', 'completed', net + tax, 45, 3, n %% 50 = 0),
       ('refund', 'completed', net + tax, 50, 4, n %% 20 = 19)
       ) AS f(type, status, amount, days, step, happens)
 WHERE f.happens
"""

# Credited: half of an unpaid invoice, or all of one that is refunded; each hundredth stands alone.
_NOTES = """
CREATE TEMPORARY TABLE notes AS
SELECT n, note_id, entry_id, invoice_id, customer_id, day, net, tax,
       row_number() OVER (PARTITION BY extract(year FROM day) ORDER BY n, invoice_id) AS sequence
  FROM (SELECT n, gen_random_uuid() AS note_id, gen_random_uuid() AS entry_id, invoice_id,
               customer_id, day + 50 AS day,
               CASE WHEN n %% 20 = 19 THEN net ELSE net / 2 END AS net,
               CASE WHEN n %% 20 = 19 THEN tax ELSE tax / 2 END AS tax
          FROM plan WHERE n %% 10 = 9
        UNION ALL
        SELECT n, gen_random_uuid(), gen_random_uuid(), NULL, customer_id, day + 10, one,
               (one * 175 + 500) / 1000
          FROM plan WHERE n %% 100 = 8) AS written
"""

_STATEMENTS = (
    """
    INSERT INTO invoicing_customer (organization_id, id, code, name)
    SELECT %(organization)s, md5(%(organization)s || '-customer-' || n)::uuid, 'C' || n,
           'Customer ' || n
      FROM generate_series(1, %(customers)s - 1) AS n
    """,
    """
    INSERT INTO invoicing_numberseries (organization_id, id, kind, code, prefix, width)
    VALUES (%(organization)s, md5(%(organization)s || '-invoice')::uuid, 'invoice', 'main',
            'INV-{year}-', 5),
           (%(organization)s, md5(%(organization)s || '-credit')::uuid, 'credit_note', 'main',
            'CN-{year}-', 5)
    """,
    """
    INSERT INTO invoicing_order (organization_id, id, customer_id, currency, status, country,
                                 taxed_on, rounding, subtotal_amount, tax_amount, total_amount,
                                 snapshot, locked_at, paid_at)
    SELECT %(organization)s, order_id, customer_id, %(currency)s,
           CASE WHEN n %% 20 = 19 THEN 'refunded' WHEN n %% 10 < 6 THEN 'paid' ELSE 'pending' END,
           'GB', day, 'document', net, tax, net + tax, '{}', now(),
           CASE WHEN n %% 20 = 19 OR n %% 10 < 6 THEN now() END
      FROM plan
    """,
    """
    INSERT INTO invoicing_orderitem (organization_id, id, order_id, position, description, quantity,
                                     unit_amount, tax_codes, net_amount, tax_amount, total_amount)
    SELECT %(organization)s, gen_random_uuid(), order_id, i.position, i.description, 1, i.net,
           '{GB}', i.net, i.tax, i.net + i.tax
      FROM plan
     CROSS JOIN LATERAL (VALUES (1, 'Lamp', one, tax_of_one),
                                (2, 'Shade', other, tax - tax_of_one))
                AS i(position, description, net, tax)
    """,
    """
    INSERT INTO invoicing_ordertaxline (organization_id, id, order_id, position, code, name,
                                        percentage, category, inclusive, compound, taxable_amount,
                                        tax_amount)
    SELECT %(organization)s, gen_random_uuid(), order_id, 1, 'GB', 'GB standard', 17.5, 'standard',
           false, false, net, tax
      FROM plan
    """,
    """
    INSERT INTO ledger_journalentry (organization_id, id, reference, effective_on, status,
                                     description, reference_type, reference_id, currency,
                                     total_amount)
    SELECT %(organization)s, entry_id, 'invoice-' || invoice_id || '-issuance', day, 'posted',
           'Invoice', 'invoice', invoice_id::text, %(currency)s, net + tax
      FROM plan
    UNION ALL
    SELECT %(organization)s, m.entry_id, 'invoice-' || m.invoice_id || CASE m.type
             WHEN 'refund' THEN '-refund-' || m.id
             WHEN 'credit' THEN '-payment-' || m.id
             ELSE '-payment-' || paid.id || '-reversal' END,
           m.day, 'posted', 'Payment', 'invoice', m.invoice_id::text, %(currency)s, m.amount
      FROM moves m
      LEFT JOIN moves paid ON paid.n = m.n AND m.type = 'debit' AND paid.status = 'reversed'
    UNION ALL
    SELECT %(organization)s, entry_id,
           coalesce('invoice-' || invoice_id || '-credit-note-' || note_id,
                    'credit-note-' || note_id || '-issuance'),
           day, 'posted', 'Credit note', CASE WHEN invoice_id IS NULL THEN 'credit-note'
                                              ELSE 'invoice' END,
           coalesce(invoice_id, note_id)::text, %(currency)s, net + tax
      FROM notes
    """,
    """
    INSERT INTO ledger_journalline (organization_id, id, entry_id, account_id, position, debit,
                                    credit)
    SELECT %(organization)s, gen_random_uuid(), entry_id, account_id, position,
           greatest(amount, 0), greatest(-amount, 0)
      FROM (SELECT entry_id, l.*
              FROM plan CROSS JOIN LATERAL (VALUES
                   (1, %(receivable)s::uuid, net + tax), (2, %(revenue)s::uuid, -net),
                   (3, %(payable)s::uuid, -tax)) AS l(position, account_id, amount)
            UNION ALL
            SELECT entry_id, l.*
              FROM moves CROSS JOIN LATERAL (VALUES
                   (1, %(bank)s::uuid, CASE type WHEN 'credit' THEN amount ELSE -amount END),
                   (2, %(receivable)s::uuid, CASE type WHEN 'credit' THEN -amount ELSE amount END))
                   AS l(position, account_id, amount)
            UNION ALL
            SELECT entry_id, l.*
              FROM notes CROSS JOIN LATERAL (VALUES
                   (1, %(returns)s::uuid, net), (2, %(payable)s::uuid, tax),
                   (3, %(receivable)s::uuid, -net - tax)) AS l(position, account_id, amount)) lines
     WHERE amount <> 0
    """,
    # So that the planner knows of them what it is about to join.
    "ANALYZE ledger_journalentry, ledger_journalline",
    """
    INSERT INTO ledger_accountbalance (organization_id, id, account_id, month, slot, debits,
                                       credits)
    SELECT %(organization)s, gen_random_uuid(), l.account_id,
           date_trunc('month', e.effective_on::timestamp)::date, 0, sum(l.debit), sum(l.credit)
      FROM ledger_journalline l
      JOIN ledger_journalentry e
        ON e.organization_id = l.organization_id AND e.id = l.entry_id
     WHERE l.organization_id = %(organization)s
     GROUP BY 3, 4
    """,
    """
    INSERT INTO invoicing_invoice (organization_id, id, series_id, fiscal_year, sequence, number,
                                   order_id, customer_id, issued_on, due_on, currency,
                                   subtotal_amount, tax_amount, total_amount, paid_amount,
                                   refunded_amount, credited_amount, snapshot, receivable_id,
                                   entry_id)
    SELECT %(organization)s, p.invoice_id, md5(%(organization)s || '-invoice')::uuid,
           extract(year FROM p.day), p.sequence,
           'INV-' || extract(year FROM p.day) || '-' || lpad(p.sequence::text, 5, '0'),
           p.order_id, p.customer_id, p.day, p.due_on, %(currency)s, p.net, p.tax, p.net + p.tax,
           coalesce(m.paid, 0), coalesce(m.refunded, 0), coalesce(c.credited, 0),
           '{"seller": {"name": "Bench Ltd"}, "buyer": null}', %(receivable)s, p.entry_id
      FROM plan p
      LEFT JOIN (SELECT invoice_id,
                        sum(CASE type WHEN 'credit' THEN amount
                                      WHEN 'debit' THEN -amount END) AS paid,
                        sum(amount) FILTER (WHERE type = 'refund') AS refunded
                   FROM moves GROUP BY 1) m ON m.invoice_id = p.invoice_id
      LEFT JOIN (SELECT invoice_id, sum(net + tax) AS credited
                   FROM notes GROUP BY 1) c ON c.invoice_id = p.invoice_id
    """,
    """
    INSERT INTO invoicing_creditnote (organization_id, id, series_id, fiscal_year, sequence, number,
                                      invoice_id, customer_id, issued_on, reason, currency,
                                      subtotal_amount, tax_amount, total_amount, part_count,
                                      snapshot, receivable_id, entry_id)
    SELECT %(organization)s, note_id, md5(%(organization)s || '-credit')::uuid,
           extract(year FROM day), sequence,
           'CN-' || extract(year FROM day) || '-' || lpad(sequence::text, 5, '0'),
           invoice_id, customer_id, day, 'Returned', %(currency)s, net, tax, net + tax,
           CASE WHEN invoice_id IS NULL THEN 2 ELSE 1 END,
           '{"seller": {"name": "Bench Ltd"}, "buyer": null}', %(receivable)s, entry_id
      FROM notes
    """,
    """
    INSERT INTO invoicing_creditnoteitem (organization_id, id, credit_note_id, position,
                                          description, quantity, unit_amount, net_amount,
                                          tax_amount, total_amount)
    SELECT %(organization)s, gen_random_uuid(), note_id, 1, 'Lamp', 1, net, net, tax, net + tax
      FROM notes WHERE invoice_id IS NULL
    """,
    """
    INSERT INTO invoicing_creditnotetaxline (organization_id, id, credit_note_id, position, code,
                                             name, percentage, category, inclusive, compound,
                                             taxable_amount, tax_amount)
    SELECT %(organization)s, gen_random_uuid(), note_id, 1, 'GB', 'GB standard', 17.5, 'standard',
           false, false, net, tax
      FROM notes
    """,
    """
    INSERT INTO invoicing_financialtransaction (organization_id, id, type, status, invoice_id,
                                                customer_id, reverses_id, method, amount, currency,
                                                occurred_on, entry_id)
    SELECT %(organization)s, m.id, m.type, m.status, m.invoice_id, m.customer_id, paid.id, 'bank',
           m.amount, %(currency)s, m.day, m.entry_id
      FROM moves m
      LEFT JOIN moves paid ON paid.n = m.n AND m.type = 'debit' AND paid.status = 'reversed'
    """,
    """
    INSERT INTO invoicing_numbercounter (organization_id, id, series_id, fiscal_year, last_number)
    SELECT %(organization)s, gen_random_uuid(), d.series_id, d.fiscal_year, max(d.sequence)
      FROM (SELECT i.series_id, i.fiscal_year, i.sequence FROM invoicing_invoice i
             WHERE i.organization_id = %(organization)s
            UNION ALL
            SELECT c.series_id, c.fiscal_year, c.sequence FROM invoicing_creditnote c
             WHERE c.organization_id = %(organization)s) d
     GROUP BY 3, 4
    """,
)

_ROLES = {
    "receivable": AccountRole.ACCOUNTS_RECEIVABLE,
    "revenue": AccountRole.SALES_REVENUE,
    "returns": AccountRole.SALES_RETURNS,
    "payable": AccountRole.TAX_PAYABLE,
    "bank": AccountRole.BANK,
}


def fill_invoices(organization: Organization, invoices: int, *, customers: int = 500) -> None:
    """Fill an organization that has a chart and nothing else; needs a superuser's connection."""
    facts: dict[str, Any] = {
        "organization": organization.pk,
        "currency": organization.currency,
        "invoices": invoices,
        "customers": customers,
        **_accounts(organization),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in (_PLAN, _MOVES, _NOTES, "ANALYZE plan, moves, notes", *_STATEMENTS):
            cursor.execute(statement, facts)
        cursor.execute("DROP TABLE plan, moves, notes")
        cursor.execute("SET LOCAL session_replication_role = origin")


def _accounts(organization: Organization) -> dict[str, UUID]:
    found = Account.objects.of(organization).filter(currency=organization.currency)
    by_role = {account.role: account.pk for account in found}
    return {name: by_role[role.value] for name, role in _ROLES.items()}
