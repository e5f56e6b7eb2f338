"""Documents locked until the end of the transaction, by those who are about to change them.

One order everywhere, so that no two can wait for each other: order, invoice, credit note, number
counter, ledger. Whatever changes an invoice comes through here and holds its order first.
"""

from typing import Any
from uuid import UUID

from core.db import prepared_cursor, require_transaction
from core.db.rows import as_instance, columns_of
from invoicing.errors import CreditNoteNotFound, InvoiceNotFound, OrderNotFound
from invoicing.models import CreditNote, Invoice, Order
from organizations.models import Organization


def lock_order(organization: Organization, id: UUID) -> Order:
    """The order as it stands, locked.

    Raises:
        OrderNotFound: there is none, or it is another organization's.
    """
    row = _locked(
        f"""SELECT {columns_of(Order, "o")} FROM invoicing_order o
             WHERE o.id = %s AND o.organization_id = %s FOR NO KEY UPDATE""",
        (id, organization.pk),
    )
    if row is None:
        raise OrderNotFound(order=str(id))
    return as_instance(Order, row)


def lock_invoice(organization: Organization, id: UUID) -> Invoice:
    """The invoice as it stands, locked after its order.

    Raises:
        InvoiceNotFound: there is none, or it is another organization's.
    """
    # Rows are locked in the order in which OF names them; who had to wait gets both anew.
    row = _locked(
        f"""SELECT {columns_of(Invoice, "i")}
              FROM invoicing_invoice i
              JOIN invoicing_order o
                ON o.id = i.order_id AND o.organization_id = i.organization_id
             WHERE i.id = %s AND i.organization_id = %s
               FOR NO KEY UPDATE OF o, i""",
        (id, organization.pk),
    )
    if row is None:
        raise InvoiceNotFound(invoice=str(id))
    return as_instance(Invoice, row)


def lock_invoice_of(order: Order) -> Invoice | None:
    """The invoice of an order that is locked already, if it has one."""
    row = _locked(
        f"""SELECT {columns_of(Invoice, "i")} FROM invoicing_invoice i
             WHERE i.order_id = %s AND i.organization_id = %s FOR NO KEY UPDATE""",
        (order.pk, order.organization_id),
    )
    return None if row is None else as_instance(Invoice, row)


def lock_credit_note(organization: Organization, id: UUID) -> CreditNote:
    """The credit note as it stands, locked; of one with an invoice, lock the invoice instead.

    Raises:
        CreditNoteNotFound: there is none, or it is another organization's.
    """
    row = _locked(
        f"""SELECT {columns_of(CreditNote, "c")} FROM invoicing_creditnote c
             WHERE c.id = %s AND c.organization_id = %s FOR NO KEY UPDATE""",
        (id, organization.pk),
    )
    if row is None:
        raise CreditNoteNotFound(credit_note=str(id))
    return as_instance(CreditNote, row)


def _locked(sql: str, parameters: tuple[Any, ...]) -> tuple[Any, ...] | None:
    require_transaction()
    with prepared_cursor() as cursor:
        cursor.execute(sql, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row
