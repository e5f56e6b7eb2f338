"""Very many sales of a market, by SQL: one in fifty refunded in part, and here and there a fee.

Triggers are off while they go in, so what is written must be right by itself: `check_settlements`
and `verify_books` find nothing in it.
"""

from typing import Any
from uuid import UUID

from django.db import connection, transaction

from bench.invoicing import renew_statistics
from ledger.models import Account, AccountRole
from ledger.services.charts import install_chart
from organizations.actors import Actor
from organizations.models import Organization

# Sale n is payee n % payees', on a day of four weeks; a tenth of it is the platform's.
_PLAN = """
CREATE TEMPORARY TABLE plan AS
SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS entry_id,
       md5(%(organization)s || '-payee-' || n %% %(payees)s)::uuid AS payee_id,
       date '2010-12-01' + (n %% 28)::int AS day, total, total / 10 AS fee,
       gen_random_uuid() AS refund_id, gen_random_uuid() AS refund_entry_id,
       gen_random_uuid() AS charge_id, gen_random_uuid() AS charge_entry_id
  FROM (SELECT n, 1000 + n * 7919 %% 20000 AS total
          FROM generate_series(0::bigint, %(sales)s - 1) AS n) numbered
"""

_STATEMENTS = (
    """
    INSERT INTO settlements_payee (organization_id, id, code, name, currency, payable_id,
                                   schedule_every, reserve_percentage, reserve_days)
    SELECT %(organization)s, md5(%(organization)s || '-payee-' || n)::uuid, 'payee-' || n,
           'Payee ' || n, %(currency)s, %(payable)s, 'day', 10, 30
      FROM generate_series(0, %(payees)s - 1) AS n
    """,
    """
    INSERT INTO ledger_journalentry (organization_id, id, reference, effective_on, status,
                                     description, reference_type, reference_id, currency,
                                     total_amount)
    SELECT %(organization)s, e.id, e.kind || ':' || e.name || n, day, 'posted', 'Sale', e.kind,
           e.name || n, %(currency)s, e.amount
      FROM plan
     CROSS JOIN LATERAL (VALUES (entry_id, 'sale', 'sale-', total, true),
                                (refund_entry_id, 'sale-refund', 'refund-', 500, n %% 50 = 0),
                                (charge_entry_id, 'adjustment', 'charge-', 25, n %% 500 = 1))
                AS e(id, kind, name, amount, happens)
     WHERE e.happens
    """,
    """
    INSERT INTO ledger_journalline (organization_id, id, entry_id, account_id, position, debit,
                                    credit)
    SELECT %(organization)s, gen_random_uuid(), l.entry_id, l.account_id, l.position,
           greatest(l.amount, 0), greatest(-l.amount, 0)
      FROM plan
     CROSS JOIN LATERAL (VALUES
           (entry_id, 1, %(card)s::uuid, total, true),
           (entry_id, 2, %(fees)s::uuid, -fee, true),
           (entry_id, 3, %(payable)s::uuid, fee - total, true),
           (refund_entry_id, 1, %(payable)s::uuid, 500::bigint, n %% 50 = 0),
           (refund_entry_id, 2, %(card)s::uuid, -500::bigint, n %% 50 = 0),
           (charge_entry_id, 1, %(payable)s::uuid, 25::bigint, n %% 500 = 1),
           (charge_entry_id, 2, %(fees)s::uuid, -25::bigint, n %% 500 = 1))
           AS l(entry_id, position, account_id, amount, happens)
     WHERE l.happens
    """,
    """
    INSERT INTO ledger_accountbalance (organization_id, id, account_id, month, slot, debits,
                                       credits)
    SELECT %(organization)s, gen_random_uuid(), l.account_id, date '2010-12-01', 0, sum(l.debit),
           sum(l.credit)
      FROM ledger_journalline l
     WHERE l.organization_id = %(organization)s
     GROUP BY 3
    """,
    """
    INSERT INTO settlements_sale (organization_id, id, payee_id, reference, currency, entry_id,
                                  sold_on, method, total_amount, platform_fee, organizer_amount,
                                  refunded_amount)
    SELECT %(organization)s, id, payee_id, 'sale-' || n, %(currency)s, entry_id, day, 'card', total,
           fee, total - fee, CASE WHEN n %% 50 = 0 THEN 500 ELSE 0 END
      FROM plan
    """,
    """
    INSERT INTO settlements_refund (organization_id, id, payee_id, reference, currency, entry_id,
                                    sale_id, refunded_on, method, amount, organizer_amount)
    SELECT %(organization)s, refund_id, payee_id, 'refund-' || n, %(currency)s, refund_entry_id, id,
           day, 'card', 500, 500
      FROM plan WHERE n %% 50 = 0
    """,
    """
    INSERT INTO settlements_adjustment (organization_id, id, payee_id, reference, currency,
                                        entry_id, kind, adjusted_on, amount, reason, account_id)
    SELECT %(organization)s, charge_id, payee_id, 'charge-' || n, %(currency)s, charge_entry_id,
           'fee', day, -25, 'Posters', %(fees)s
      FROM plan WHERE n %% 500 = 1
    """,
)

_ROLES = {
    "payable": AccountRole.ORGANIZER_PAYABLE,
    "card": AccountRole.CARD_CLEARING,
    "fees": AccountRole.PLATFORM_FEES,
}


def market_with_sales(slug: str, sales: int, *, payees: int = 1) -> Organization:
    """An organization that has sold so much, and statistics for the planner."""
    organization = Organization.objects.create(
        slug=f"market-{slug}", name="Market", currency="EUR", country="IE"
    )
    install_chart(actor=Actor.system(organization), chart="ticketing")
    fill_sales(organization, sales, payees=payees)
    renew_statistics()
    return organization


def fill_sales(organization: Organization, sales: int, *, payees: int) -> None:
    """Fill an organization that has a chart and nothing else; needs a superuser's connection."""
    facts: dict[str, Any] = {
        "organization": organization.pk,
        "currency": organization.currency,
        "sales": sales,
        "payees": payees,
        **_accounts(organization),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in (_PLAN, "ANALYZE plan", *_STATEMENTS):
            cursor.execute(statement, facts)
        cursor.execute("DROP TABLE plan")
        cursor.execute("SET LOCAL session_replication_role = origin")


def _accounts(organization: Organization) -> dict[str, UUID]:
    found = Account.objects.of(organization).filter(currency=organization.currency)
    by_role = {account.role: account.pk for account in found}
    return {name: by_role[role.value] for name, role in _ROLES.items()}
