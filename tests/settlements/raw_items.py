"""Payees and what is on their accounts by plain SQL: the lower half of `raw_market`."""

from datetime import date
from typing import Any
from uuid import UUID

from core.db import uuid7
from organizations.models import ApiKey
from tests.factories import UserFactory
from tests.invoicing.raw_sales import Statement, run_all
from tests.ledger.raw_books import POST, RawBooks, Side, run

DAY = date(2025, 3, 10)

# Of a sale, where a test does not say: what the organizer gets, and what the platform keeps.
SHARE, FEE = 90_00, 10_00


def insert(table: str, row: dict[str, Any], tail: str = "") -> Statement:
    columns, values = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    return f"INSERT INTO settlements_{table} ({columns}) VALUES ({values}) {tail}", row


class RawItems:
    """One organization that sells for others; its accounts are known by their codes."""

    def __init__(self, slug: str = "acme") -> None:
        self.books = RawBooks(slug)
        self.id: UUID = self.books.id
        for code, kind, currency in [
            ("owed", "liability", "GBP"),
            ("owed-in-euros", "liability", "EUR"),
            ("fees", "revenue", "GBP"),
            ("tax", "liability", "GBP"),
        ]:
            self.books.open(code, kind, currency)
        self.accounts = self.books.accounts
        self.prepares: UUID = UserFactory.create(username=f"{slug}-petra").pk
        self.approves: UUID = UserFactory.create(username=f"{slug}-anton").pk

    # --- Who is paid ------------------------------------------------------------------------------

    def add(self, table: str, **row: Any) -> UUID:
        given = {"organization_id": self.id, "id": uuid7(), **row}
        run(*insert(table, given))
        id: UUID = given["id"]
        return id

    def payee_row(self, code: str = "ana", **changes: Any) -> dict[str, Any]:
        return {
            "organization_id": self.id,
            "id": uuid7(),
            "code": code,
            "name": code.title(),
            "currency": "GBP",
            "payable_id": self.accounts["owed"],
            **changes,
        }

    def payee(self, code: str = "ana", **changes: Any) -> UUID:
        return self.add("payee", **self.payee_row(code, **changes))

    def payee_in_euros(self, code: str = "eva") -> UUID:
        return self.payee(code, currency="EUR", payable_id=self.accounts["owed-in-euros"])

    def event(self, payee: UUID, code: str = "gala", **changes: Any) -> UUID:
        row = {"code": code, "name": code, "payee_id": payee, "ends_on": DAY, **changes}
        return self.add("event", **row)

    def key(self, prefix: str) -> UUID:
        key: ApiKey = ApiKey.objects.create(
            organization_id=self.id, name=prefix, prefix=prefix, secret_hash="0" * 64, scopes=[]
        )
        return key.pk

    # --- Sales ------------------------------------------------------------------------------------

    def sale_row(self, payee: UUID, share: int = SHARE, **changes: Any) -> dict[str, Any]:
        row = {
            "organization_id": self.id,
            "id": uuid7(),
            "payee_id": payee,
            "event_id": None,
            "reference": f"s-{uuid7()}",
            "currency": self.of("payee", "currency", payee),
            "sold_on": DAY,
            "method": "card",
            "ticket_revenue": 0,
            "platform_fee": 0,
            "tax_amount": 0,
            "organizer_amount": share,
            **changes,
        }
        return {"total_amount": _parts(row), **row}

    def sale_posting(self, row: dict[str, Any], **changes: Any) -> Statement:
        """The entry that a sale of these amounts posts."""
        cash, owed = self._sides(row["currency"])
        return self.entry(
            f"sale:{row['reference']}",
            (cash, row["total_amount"], 0),
            *self._credits(row),
            *([(owed, 0, row["organizer_amount"])] if row["organizer_amount"] else []),
            **{"on": row["sold_on"], **changes},
        )

    def selling(self, payee: UUID, share: int = SHARE, **changes: Any) -> list[Statement]:
        row = self.sale_row(payee, share, **changes)
        if "entry_id" in row:
            return [insert("sale", row)]
        posting = self.sale_posting(row)
        return [posting, insert("sale", {**row, "entry_id": posting[1]["id"]})]

    def sell(self, payee: UUID, share: int = SHARE, **changes: Any) -> UUID:
        return self._last(self.selling(payee, share, **changes))

    # --- Refunds and adjustments ------------------------------------------------------------------

    def refund_row(self, sale: UUID, share: int, **changes: Any) -> dict[str, Any]:
        payee, event, currency = self.of("sale", "payee_id, event_id, currency", sale)
        row = {
            "organization_id": self.id,
            "id": uuid7(),
            "sale_id": sale,
            "payee_id": payee,
            "event_id": event,
            "currency": currency,
            "reference": f"r-{uuid7()}",
            "refunded_on": DAY,
            "method": "card",
            "ticket_revenue": 0,
            "platform_fee": 0,
            "tax_amount": 0,
            "organizer_amount": share,
            "kept_fee_amount": 0,
            **changes,
        }
        return {"amount": _parts(row), **row}

    def refund_posting(self, row: dict[str, Any], **changes: Any) -> Statement:
        cash, owed = self._sides(row["currency"])
        return self.entry(
            f"sale-refund:{row['reference']}",
            (cash, 0, row["amount"]),
            *[(code, credit, 0) for code, _, credit in self._credits(row)],
            *([(owed, row["organizer_amount"], 0)] if row["organizer_amount"] else []),
            **{"on": row["refunded_on"], **changes},
        )

    def refunding(self, sale: UUID, share: int = 1_00, **changes: Any) -> list[Statement]:
        row = self.refund_row(sale, share, **changes)
        if "entry_id" in row:
            return [insert("refund", row)]
        posting = self.refund_posting(row)
        return [posting, insert("refund", {**row, "entry_id": posting[1]["id"]})]

    def refund(self, sale: UUID, share: int = 1_00, **changes: Any) -> UUID:
        return self._last(self.refunding(sale, share, **changes))

    def adjustment_row(self, payee: UUID, amount: int, **changes: Any) -> dict[str, Any]:
        return {
            "organization_id": self.id,
            "id": uuid7(),
            "payee_id": payee,
            "event_id": None,
            "currency": self.of("payee", "currency", payee),
            "reference": f"a-{uuid7()}",
            "kind": "adjustment",
            "adjusted_on": DAY,
            "amount": amount,
            "reason": "Goodwill",
            "account_id": self.accounts["fees"],
            **changes,
        }

    def adjustment_posting(self, row: dict[str, Any], **changes: Any) -> Statement:
        return self.moving(f"adjustment:{row['reference']}", row["amount"], "fees", **changes)

    def adjusting(self, payee: UUID, amount: int, **changes: Any) -> list[Statement]:
        row = self.adjustment_row(payee, amount, **changes)
        if "entry_id" in row:
            return [insert("adjustment", row)]
        posting = self.adjustment_posting(row, on=row["adjusted_on"])
        return [posting, insert("adjustment", {**row, "entry_id": posting[1]["id"]})]

    def adjust(self, payee: UUID, amount: int, **changes: Any) -> UUID:
        return self._last(self.adjusting(payee, amount, **changes))

    # --- Entries ----------------------------------------------------------------------------------

    def entry(self, reference: str, *sides: Side, on: date = DAY, **changes: Any) -> Statement:
        return POST, self.books.posting(reference, *sides, on=on, **changes)

    def moving(self, reference: str, amount: int, other: str, **changes: Any) -> Statement:
        """What is owed more, or less below zero, against another account."""
        sides: list[Side] = (
            [(other, amount, 0), ("owed", 0, amount)]
            if amount > 0
            else [("owed", -amount, 0), (other, 0, -amount)]
        )
        return self.entry(reference, *sides, **changes)

    def voiding(self, entry: UUID) -> Statement:
        """An entry of two lines or more becomes voided by its mirror, in one statement."""
        [(on, currency, total)] = run(
            """SELECT effective_on, currency, total_amount FROM ledger_journalentry
                WHERE organization_id = %s AND id = %s""",
            [self.id, entry],
        )
        lines = run(
            """SELECT account_id, position, debit, credit FROM ledger_journalline
                WHERE organization_id = %s AND entry_id = %s ORDER BY position""",
            [self.id, entry],
        )
        columns = [list(column) for column in zip(*lines, strict=True)]
        return (
            "WITH voided AS (UPDATE ledger_journalentry SET status = 'voided'"
            " WHERE id = %(reverses)s)" + POST.replace("WITH e AS", ", e AS"),
            {
                "organization": self.id,
                "id": uuid7(),
                "reference": f"void-{entry}",
                "on": on,
                "currency": currency,
                "total": total,
                "reverses": entry,
                "accounts": columns[0],
                "positions": columns[1],
                "debits": columns[3],
                "credits": columns[2],
            },
        )

    # --- What is asked ----------------------------------------------------------------------------

    def of(self, table: str, columns: str, id: UUID) -> Any:
        """The columns of a row as PostgreSQL has them."""
        [row] = run(
            f"""SELECT {columns} FROM public.settlements_{table}
                 WHERE organization_id = %s AND id = %s""",
            [self.id, id],
        )
        return row if len(row) > 1 else row[0]

    def count(self, table: str) -> int:
        [(found,)] = run(
            f"SELECT count(*) FROM public.settlements_{table} WHERE organization_id = %s", [self.id]
        )
        return int(found)

    def status(self, settlement: UUID) -> str:
        return str(self.of("settlement", "status", settlement))

    def _sides(self, currency: str) -> tuple[str, str]:
        return ("cash", "owed") if currency == "GBP" else ("euros", "owed-in-euros")

    @staticmethod
    def _credits(row: dict[str, Any]) -> list[Side]:
        parts = [("sales", "ticket_revenue"), ("fees", "platform_fee"), ("tax", "tax_amount")]
        return [(code, 0, row[name]) for code, name in parts if row[name]]

    @staticmethod
    def _last(statements: list[Statement]) -> UUID:
        run_all(statements)
        id: UUID = statements[-1][1]["id"]
        return id


def _parts(row: dict[str, Any]) -> int:
    names = ("ticket_revenue", "platform_fee", "tax_amount", "organizer_amount")
    return sum(int(row[name]) for name in names)
