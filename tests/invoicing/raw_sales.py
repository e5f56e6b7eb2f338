"""Sales by plain SQL, for tests that attack the database or watch it under load.

Every step comes twice: as the statements that it needs (`paying`), for a connection of its own, and
as a method that runs them at once (`pay`).
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.db import uuid7
from tests.ledger.raw_books import POST, RawBooks, Side, run

Statement = tuple[str, dict[str, Any]]

DAY = date(2025, 3, 10)

# Net and tax of what is sold where a test does not say: 100.00 at 20 %.
NET, TAX = 100_00, 20_00


def insert(table: str, row: dict[str, Any], tail: str = "") -> Statement:
    columns, values = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    return f"INSERT INTO invoicing_{table} ({columns}) VALUES ({values}) {tail}", row


def insert_together(table: str, *rows: dict[str, Any]) -> Statement:
    """One statement with several rows."""
    given = {f"{name}_{n}": value for n, row in enumerate(rows) for name, value in row.items()}
    values = ", ".join(
        f"({', '.join(f'%({name}_{n})s' for name in row)})" for n, row in enumerate(rows)
    )
    return f"INSERT INTO invoicing_{table} ({', '.join(rows[0])}) VALUES {values}", given


def in_one(*statements: Statement) -> Statement:
    """Several inserts as one statement, at whose end all of their triggers fire.

    The first one's parameters keep their names.
    """
    texts, given = [], {}
    for n, (sql, row) in enumerate(statements):
        suffix = f"_of_{n}" if n else ""
        texts.append(re.sub(r"%\((\w+)\)s", rf"%(\1{suffix})s", sql))
        given.update({f"{name}{suffix}": value for name, value in row.items()})
    *others, last = texts
    commons = ", ".join(f"s{n} AS ({text})" for n, text in enumerate(others))
    return (f"WITH {commons} {last}" if others else last), given


def run_all(statements: list[Statement]) -> None:
    for statement in statements:
        run(*statement)


class RawSales:
    """One organization that sells; its accounts are known by their codes."""

    def __init__(self, slug: str = "acme") -> None:
        self.books = RawBooks(slug)
        self.id: UUID = self.books.id
        for code, kind in [("receivable", "asset"), ("tax", "liability"), ("returns", "revenue")]:
            self.books.open(code, kind)
        self.accounts = self.books.accounts
        self.invoices = self.series("invoice", "main", "INV-{year}-")
        self.credit_notes = self.series("credit_note", "main", "CN-{year}-")

    # --- What is set up ---------------------------------------------------------------------------

    def add(self, table: str, **row: Any) -> UUID:
        given = {"organization_id": self.id, "id": uuid7(), **row}
        run(*insert(table, given))
        id: UUID = given["id"]
        return id

    def series(self, kind: str, code: str, prefix: str, width: int = 5) -> UUID:
        return self.add("numberseries", kind=kind, code=code, prefix=prefix, width=width)

    def customer(self, name: str = "Bolt & Co") -> UUID:
        return self.add("customer", name=name)

    # --- Orders -----------------------------------------------------------------------------------

    def draft(self, **changes: Any) -> UUID:
        return self.add("order", **{"currency": "GBP", **changes})

    def item_row(self, order: UUID, net: int = NET, tax: int = TAX, **changes: Any) -> Any:
        return {
            "organization_id": self.id,
            "id": uuid7(),
            "order_id": order,
            "position": 1,
            "description": "Teapot",
            "quantity": Decimal(4),
            "unit_amount": net // 4,
            "tax_codes": ["VAT"],
            "net_amount": net,
            "tax_amount": tax,
            "total_amount": net + tax,
            **changes,
        }

    def item(self, order: UUID, net: int = NET, tax: int = TAX, **changes: Any) -> UUID:
        row = self.item_row(order, net, tax, **changes)
        run(*insert("orderitem", row))
        id: UUID = row["id"]
        return id

    def tax_row(self, net: int, tax: int, **changes: Any) -> dict[str, Any]:
        """A tax line, of an order or of a credit note."""
        return {
            "organization_id": self.id,
            "id": uuid7(),
            "position": 1,
            "code": "VAT",
            "name": "VAT",
            "percentage": Decimal(20),
            "category": "standard",
            "inclusive": False,
            "compound": False,
            "taxable_amount": net,
            "tax_amount": tax,
            **changes,
        }

    def tax_line(self, order: UUID, net: int = NET, tax: int = TAX, **changes: Any) -> UUID:
        row = self.tax_row(net, tax, order_id=order, **changes)
        run(*insert("ordertaxline", row))
        id: UUID = row["id"]
        return id

    def locking(self, order: UUID, net: int = NET, tax: int = TAX, more: str = "") -> Statement:
        return (
            f"""UPDATE invoicing_order
                  SET status = 'pending', locked_at = now(), snapshot = '{{}}',
                      taxed_on = %(on)s, rounding = 'document', subtotal_amount = %(net)s,
                      tax_amount = %(tax)s, total_amount = %(total)s{more}
                WHERE organization_id = %(organization)s AND id = %(order)s""",
            {
                "organization": self.id,
                "order": order,
                "on": DAY,
                "net": net,
                "tax": tax,
                "total": net + tax,
            },
        )

    def filled(self, net: int = NET, tax: int = TAX, **changes: Any) -> UUID:
        """A draft that can be locked."""
        order = self.draft(**changes)
        self.item(order, net, tax)
        self.tax_line(order, net, tax)
        return order

    def locked(self, net: int = NET, tax: int = TAX, **changes: Any) -> UUID:
        order = self.filled(net, tax, **changes)
        run(*self.locking(order, net, tax))
        return order

    # --- Invoices ---------------------------------------------------------------------------------

    def entry(self, reference: str, *sides: Side, on: date = DAY, **changes: Any) -> Statement:
        return POST, self.books.posting(reference, *sides, on=on, **changes)

    def invoice_row(self, order: UUID, net: int = NET, tax: int = TAX, **changes: Any) -> Any:
        return {
            "organization_id": self.id,
            "id": uuid7(),
            "order_id": order,
            "series_id": self.invoices,
            "issued_on": DAY,
            "due_on": DAY,
            "currency": "GBP",
            "subtotal_amount": net,
            "tax_amount": tax,
            "total_amount": net + tax,
            "snapshot": "{}",
            "receivable_id": self.accounts["receivable"],
            # What the columns need until the triggers fill them.
            "fiscal_year": 1,
            "sequence": 1,
            "number": "mine",
            **changes,
        }

    def issuance(self, row: dict[str, Any], **changes: Any) -> Statement:
        """The entry that an invoice of these amounts posts."""
        total, tax = row["total_amount"], row["tax_amount"]
        sides: list[Side] = [("receivable", total, 0), ("sales", 0, total - tax)]
        return self.entry(
            f"invoice-{row['id']}-issuance",
            *sides,
            *([("tax", 0, tax)] if tax else []),
            on=row["issued_on"],
            **changes,
        )

    def issuing(
        self, order: UUID, net: int = NET, tax: int = TAX, **changes: Any
    ) -> list[Statement]:
        row = self.invoice_row(order, net, tax, **changes)
        if "entry_id" in row or not row["total_amount"]:
            return [insert("invoice", row)]
        posting = self.issuance(row)
        return [posting, insert("invoice", {**row, "entry_id": posting[1]["id"]})]

    def issue(self, order: UUID, net: int = NET, tax: int = TAX, **changes: Any) -> UUID:
        statements = self.issuing(order, net, tax, **changes)
        run_all(statements)
        id: UUID = statements[-1][1]["id"]
        return id

    def invoice(self, net: int = NET, tax: int = TAX, **changes: Any) -> UUID:
        """One of an order of its own."""
        customer = changes.get("customer_id")
        return self.issue(self.locked(net, tax, customer_id=customer), net, tax, **changes)

    # --- Payments and refunds ---------------------------------------------------------------------

    def payment_row(self, invoice: UUID, amount: int, **changes: Any) -> dict[str, Any]:
        return {
            "organization_id": self.id,
            "id": uuid7(),
            "type": "credit",
            "invoice_id": invoice,
            "method": "bank",
            "amount": amount,
            "currency": "GBP",
            "occurred_on": DAY,
            **changes,
        }

    def moving(self, row: dict[str, Any]) -> list[Statement]:
        """The statements of a transaction: its entry, and itself."""
        if "entry_id" in row:
            return [insert("financialtransaction", row)]
        posting = self.movement(row)
        return [posting, insert("financialtransaction", {**row, "entry_id": posting[1]["id"]})]

    def movement(self, row: dict[str, Any], **changes: Any) -> Statement:
        """The entry that a transaction of this kind posts."""
        of = (
            f"invoice-{row['invoice_id']}"
            if row.get("invoice_id")
            else f"credit-note-{row.get('credit_note_id')}"
        )
        reference = {
            "credit": f"{of}-payment-{row['id']}",
            "debit": f"{of}-payment-{row.get('reverses_id')}-reversal",
            "refund": f"{of}-refund-{row['id']}",
        }[row["type"]]
        amount, incoming = row["amount"], row["type"] == "credit"
        debited, credited = ("bank", "receivable") if incoming else ("receivable", "bank")
        return self.entry(
            reference,
            (debited, amount, 0),
            (credited, 0, amount),
            on=row["occurred_on"],
            **changes,
        )

    def paying(self, invoice: UUID, amount: int, **changes: Any) -> list[Statement]:
        return self.moving(self.payment_row(invoice, amount, **changes))

    def bouncing(
        self, payment: UUID, invoice: UUID, amount: int, **changes: Any
    ) -> list[Statement]:
        return self.paying(invoice, amount, **{"type": "debit", "reverses_id": payment, **changes})

    def refunding(self, invoice: UUID, amount: int, **changes: Any) -> list[Statement]:
        return self.paying(invoice, amount, **{"type": "refund", **changes})

    def refunding_note(self, note: UUID, amount: int, **changes: Any) -> list[Statement]:
        row = self.payment_row(note, amount, type="refund", credit_note_id=note)
        del row["invoice_id"]
        return self.moving({**row, **changes})

    def pay(self, invoice: UUID, amount: int, **changes: Any) -> UUID:
        return self._last(self.paying(invoice, amount, **changes))

    def bounce(self, payment: UUID, invoice: UUID, amount: int, **changes: Any) -> UUID:
        return self._last(self.bouncing(payment, invoice, amount, **changes))

    def refund(self, invoice: UUID, amount: int, **changes: Any) -> UUID:
        return self._last(self.refunding(invoice, amount, **changes))

    def refund_note(self, note: UUID, amount: int, **changes: Any) -> UUID:
        return self._last(self.refunding_note(note, amount, **changes))

    # --- Credit notes -----------------------------------------------------------------------------

    def credit_row(self, invoice: UUID | None, net: int, tax: int, **changes: Any) -> Any:
        return {
            "organization_id": self.id,
            "id": uuid7(),
            "invoice_id": invoice,
            "series_id": self.credit_notes,
            "issued_on": DAY,
            "reason": "Broken",
            "currency": "GBP",
            "subtotal_amount": net,
            "tax_amount": tax,
            "total_amount": net + tax,
            "snapshot": "{}",
            "part_count": 0,
            "receivable_id": self.accounts["receivable"],
            "fiscal_year": 1,
            "sequence": 1,
            "number": "mine",
            **changes,
        }

    def credit_entry(self, row: dict[str, Any], **changes: Any) -> Statement:
        """The entry that a credit note of these amounts posts."""
        total, tax = row["total_amount"], row["tax_amount"]
        reference = (
            f"invoice-{row['invoice_id']}-credit-note-{row['id']}"
            if row["invoice_id"]
            else f"credit-note-{row['id']}-issuance"
        )
        return self.entry(
            reference,
            ("receivable", 0, total),
            *([("returns", total - tax, 0)] if total > tax else []),
            *([("tax", tax, 0)] if tax else []),
            on=row["issued_on"],
            **changes,
        )

    def crediting(
        self,
        invoice: UUID | None,
        net: int,
        tax: int,
        *,
        taxes: Sequence[dict[str, Any]] | None = None,
        items: Sequence[dict[str, Any]] = (),
        **changes: Any,
    ) -> list[Statement]:
        """The entry of a credit note, and in one statement itself with its parts: the items, and
        where no tax lines are given the one that it needs."""
        if taxes is None:
            taxes = [self.tax_row(net, tax)] if tax else []
        changes.setdefault("part_count", len(taxes) + len(items))
        row = self.credit_row(invoice, net, tax, **changes)
        posting = self.credit_entry(row)
        parts = [
            insert_together(table, *({**part, "credit_note_id": row["id"]} for part in given))
            for table, given in [("creditnotetaxline", taxes), ("creditnoteitem", items)]
            if given
        ]
        note = insert("creditnote", {**row, "entry_id": posting[1]["id"]})
        return [posting, in_one(note, *parts)]

    def credit(self, invoice: UUID | None, net: int, tax: int, **changes: Any) -> UUID:
        return self._last(self.crediting(invoice, net, tax, **changes))

    def crediting_alone(self, net: int, tax: int, **changes: Any) -> list[Statement]:
        """A credit note without an invoice, which says itself what was taken back."""
        return self.crediting(None, net, tax, items=[self.credit_item_row(net, tax)], **changes)

    def standalone(self, net: int, tax: int, **changes: Any) -> UUID:
        return self._last(self.crediting_alone(net, tax, **changes))

    def credit_item_row(self, net: int, tax: int, **changes: Any) -> dict[str, Any]:
        return {
            "organization_id": self.id,
            "id": uuid7(),
            "position": 1,
            "description": "Teapot",
            "quantity": Decimal(1),
            "unit_amount": net,
            "net_amount": net,
            "tax_amount": tax,
            "total_amount": net + tax,
            **changes,
        }

    def documents(self) -> dict[str, list[Statement]]:
        """An invoice, a payment and a credit note of one customer, by the statements that made
        them: each one's entry, and itself."""
        customer = self.customer()
        issuing = self.issuing(self.locked(customer_id=customer), customer_id=customer)
        run_all(issuing)
        invoice = issuing[1][1]["id"]
        paying = self.paying(invoice, 50_00, customer_id=customer)
        run_all(paying)
        crediting = self.crediting(invoice, 10_00, 2_00, customer_id=customer)
        run_all(crediting)
        return {"invoice": issuing, "financialtransaction": paying, "creditnote": crediting}

    # --- What is asked ----------------------------------------------------------------------------

    def of(self, table: str, columns: str, id: UUID | None = None) -> Any:
        """The columns of a row as PostgreSQL has them; of all rows without an id."""
        found = run(
            f"""SELECT {columns} FROM public.invoicing_{table}
                 WHERE organization_id = %s AND id = coalesce(%s, id) ORDER BY id""",
            [self.id, id],
        )
        if id is None:
            return found
        [row] = found
        return row if len(row) > 1 else row[0]

    def amounts(self, invoice: UUID) -> tuple[int, int, int]:
        """Paid, refunded, credited."""
        paid, refunded, credited = self.of(
            "invoice", "paid_amount, refunded_amount, credited_amount", invoice
        )
        return int(paid), int(refunded), int(credited)

    def order_of(self, invoice: UUID) -> str:
        """The status of an invoice's order."""
        return str(self.of("order", "status", self.of("invoice", "order_id", invoice)))

    def numbers(self, table: str = "invoice") -> list[str]:
        return sorted(number for (number,) in self.of(table, "number"))

    @staticmethod
    def _last(statements: list[Statement]) -> UUID:
        run_all(statements)
        id: UUID = statements[-1][1]["id"]
        return id


def a_trigger_of_ones_own(sql: str) -> None:
    """Run SQL inside a trigger on a temporary table: what everybody may do who may connect, and
    what a rule that asks how deep in triggers it is takes for its own."""
    run("CREATE TEMPORARY TABLE IF NOT EXISTS door (id int) ON COMMIT DROP")
    run(
        f"""CREATE OR REPLACE FUNCTION pg_temp.walk_in() RETURNS trigger LANGUAGE plpgsql
            AS $walk$ BEGIN {sql}; RETURN NULL; END $walk$"""
    )
    run("DROP TRIGGER IF EXISTS walk_in ON door")
    run("CREATE TRIGGER walk_in AFTER INSERT ON door EXECUTE FUNCTION pg_temp.walk_in()")
    run("INSERT INTO door VALUES (1)")
