"""What moved the customers' accounts: the one SELECT under statements and ageing.

Five kinds of fact, each dated as its posting is, so that what they add up to is on every day the
balance of the receivable accounts.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class MovementKind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"
    PAYMENT_TAKEN_BACK = "payment_taken_back"
    REFUND = "refund"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


# `item_id` is what the movement opens or settles: the invoice, or the credit note that has none.
# Amounts are signed: what the customer owes grows by them.
_MOVEMENTS = """
SELECT 'invoice' AS kind, i.id, i.entry_id, i.created_at, i.currency, i.issued_on AS moved_on,
       i.total_amount AS amount, i.id AS item_id
  FROM invoicing_invoice i{entry_of_i}
 WHERE i.organization_id = %(organization)s AND i.issued_on <= %(until)s{of_i}
UNION ALL
SELECT 'credit_note', c.id, c.entry_id, c.created_at, c.currency, c.issued_on,
       -c.total_amount, coalesce(c.invoice_id, c.id)
  FROM invoicing_creditnote c{entry_of_c}
 WHERE c.organization_id = %(organization)s AND c.issued_on <= %(until)s{of_c}
UNION ALL
SELECT CASE t.type WHEN 'credit' THEN 'payment' WHEN 'debit' THEN 'payment_taken_back'
                   ELSE 'refund' END,
       t.id, t.entry_id, t.created_at, t.currency, t.occurred_on,
       CASE t.type WHEN 'credit' THEN -t.amount ELSE t.amount END,
       coalesce(t.invoice_id, t.credit_note_id)
  FROM invoicing_financialtransaction t{entry_of_t}
 WHERE t.organization_id = %(organization)s AND t.occurred_on <= %(until)s{of_t}
"""

# By the entry's own posting time, as the ledger's reports have it.
_KNOWN = """
  JOIN ledger_journalentry e{row}
    ON e{row}.organization_id = %(organization)s AND e{row}.id = {row}.entry_id
   AND e{row}.posted_at <= %(known_at)s"""


def movements_sql(
    organization_id: UUID,
    until: date,
    *,
    customer_id: UUID | None = None,
    walk_in: bool = False,
    currency: str | None = None,
    known_at: datetime | None = None,
) -> tuple[str, dict[str, Any]]:
    """One SELECT of all movements through a day, and its parameters.

    Of one customer, of sales to nobody by name (`walk_in`), or of all.
    """
    parameters: dict[str, Any] = {"organization": organization_id, "until": until}
    only = ""
    if walk_in:
        only += " AND {row}.customer_id IS NULL"
    elif customer_id is not None:
        only += " AND {row}.customer_id = %(customer)s"
        parameters["customer"] = customer_id
    if currency is not None:
        only += " AND {row}.currency = %(currency)s"
        parameters["currency"] = currency
    known = ""
    if known_at is not None:
        known = _KNOWN
        parameters["known_at"] = known_at
    pieces = {f"of_{row}": only.format(row=row) for row in "ict"}
    pieces |= {f"entry_of_{row}": known.format(row=row) for row in "ict"}
    return _MOVEMENTS.format(**pieces), parameters
