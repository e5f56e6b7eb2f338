"""Very many sales of one payee, posted and owed, by plain SQL with the triggers off.

Every tenth sale is refunded half a month later, its fee given back, where `with_refunds`.
"""

from typing import Any

from django.db import connection, transaction

from ledger.models import Account, AccountRole
from settlements.models import Payee

_PLAN = """
CREATE TEMPORARY TABLE plan AS
SELECT 'sale' AS kind, 'sale:' || s.reference AS entry_reference, s.*
  FROM (SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS entry_id,
               %(code)s || '-' || n AS reference, '2026-01-01'::date + n %% 90 AS day,
               10000 + n %% 997 * 10 AS total, 1000 + n %% 997 AS fee, NULL::uuid AS sale_id
          FROM generate_series(1, %(sales)s) AS n) s
"""

_REFUNDS = """
INSERT INTO plan
SELECT 'refund', 'sale-refund:' || p.reference || '-back', p.n, gen_random_uuid(),
       gen_random_uuid(), p.reference || '-back', p.day + 15, p.total, p.fee, p.id
  FROM plan p WHERE p.n %% 10 = 0
"""

_STATEMENTS = (
    """
    INSERT INTO ledger_journalentry (organization_id, id, reference, effective_on, status,
                                     description, reference_type, reference_id, currency,
                                     total_amount)
    SELECT %(organization)s, p.entry_id, p.entry_reference, p.day, 'posted', '',
           CASE p.kind WHEN 'sale' THEN 'sale' ELSE 'sale-refund' END, p.reference, %(currency)s,
           p.total
      FROM plan p
    """,
    """
    INSERT INTO ledger_journalline (organization_id, id, entry_id, account_id, position, debit,
                                    credit)
    SELECT %(organization)s, gen_random_uuid(), p.entry_id, l.account_id, l.position,
           greatest(l.amount, 0), greatest(-l.amount, 0)
      FROM plan p
     CROSS JOIN LATERAL (SELECT CASE p.kind WHEN 'sale' THEN 1 ELSE -1 END AS sign) s
     CROSS JOIN LATERAL (VALUES (1, %(card)s::uuid, s.sign * p.total),
                                (2, %(fees)s::uuid, -s.sign * p.fee),
                                (3, %(payable)s::uuid, -s.sign * (p.total - p.fee)))
                AS l(position, account_id, amount)
    """,
    "ANALYZE ledger_journalentry, ledger_journalline",
    """
    INSERT INTO ledger_accountbalance AS b (organization_id, id, account_id, month, slot, debits,
                                            credits)
    SELECT %(organization)s, gen_random_uuid(), l.account_id,
           date_trunc('month', p.day::timestamp)::date, 0, sum(l.debit), sum(l.credit)
      FROM plan p
      JOIN ledger_journalline l
        ON l.organization_id = %(organization)s AND l.entry_id = p.entry_id
     GROUP BY 3, 4
    ON CONFLICT (organization_id, account_id, month, slot)
    DO UPDATE SET debits = b.debits + excluded.debits, credits = b.credits + excluded.credits
    """,
    """
    INSERT INTO settlements_sale (organization_id, id, payee_id, reference, currency, entry_id,
                                  sold_on, method, total_amount, platform_fee, organizer_amount,
                                  refunded_amount)
    SELECT %(organization)s, p.id, %(payee)s, p.reference, %(currency)s, p.entry_id, p.day, 'card',
           p.total, p.fee, p.total - p.fee,
           coalesce((SELECT sum(r.total) FROM plan r WHERE r.sale_id = p.id), 0)
      FROM plan p WHERE p.kind = 'sale'
    """,
    """
    INSERT INTO settlements_refund (organization_id, id, payee_id, sale_id, reference, currency,
                                    entry_id, refunded_on, method, amount, platform_fee,
                                    organizer_amount)
    SELECT %(organization)s, p.id, %(payee)s, p.sale_id, p.reference, %(currency)s, p.entry_id,
           p.day, 'card', p.total, p.fee, p.total - p.fee
      FROM plan p WHERE p.kind = 'refund'
    """,
    "ANALYZE settlements_sale, settlements_refund",
)

_ROLES = {"card": AccountRole.CARD_CLEARING, "fees": AccountRole.PLATFORM_FEES}


def fill_sales(payee: Payee, sales: int, *, with_refunds: bool = False) -> None:
    """So many sales of a payee, from 2026-01-01 on; needs a superuser's connection."""
    facts: dict[str, Any] = {
        "organization": payee.organization_id,
        "payee": payee.pk,
        "code": payee.code,
        "currency": payee.currency,
        "payable": payee.payable_id,
        "sales": sales,
        **_accounts(payee),
    }
    refunds = (_REFUNDS,) if with_refunds else ()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in (_PLAN, *refunds, "CREATE INDEX ON plan (sale_id)", *_STATEMENTS):
            cursor.execute(statement, facts)
        cursor.execute("DROP TABLE plan")
        cursor.execute("SET LOCAL session_replication_role = origin")


def _accounts(payee: Payee) -> dict[str, Any]:
    found = Account.objects.of(payee.organization_id).filter(currency=payee.currency)
    by_role = {account.role: account.pk for account in found}
    return {name: by_role[role.value] for name, role in _ROLES.items()}
