"""Payouts as CSV: RFC 4180, one line each, and nothing that a spreadsheet would run."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from settlements.payout_files import PayoutFile, PayoutOrder, write_csv
from settlements.payout_files.csv_file import COLUMNS
from tests.settlements.market import IBAN

ORDER = PayoutOrder("e2e-1", "ana", "Ana Events", IBAN, "", 1_234_05, "Settlement 3")
FILE = PayoutFile(
    message_id="message",
    created_at=datetime(2026, 4, 1, tzinfo=UTC),
    executes_on=date(2026, 4, 2),
    currency="EUR",
    orders=[ORDER],
)


def rows(**changes: Any) -> list[dict[str, str]]:
    content = write_csv(replace(FILE, **changes)).decode()
    return list(csv.DictReader(io.StringIO(content, newline="")))


def test_has_a_column_for_each_fact() -> None:
    assert rows() == [
        {
            "end_to_end_id": "e2e-1",
            "amount": "1234.05",
            "currency": "EUR",
            "executes_on": "2026-04-02",
            "payee": "ana",
            "account_holder": "Ana Events",
            "iban": IBAN,
            "bic": "",
            "remittance": "Settlement 3",
        }
    ]


def test_lines_end_as_rfc_4180_wants_and_quotes_are_doubled() -> None:
    content = write_csv(replace(FILE, orders=[replace(ORDER, account_holder='A "B", C')]))

    first, second, rest = content.split(b"\r\n")
    assert first.decode() == ",".join(COLUMNS)
    assert b'"A ""B"", C"' in second
    assert rest == b""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "＝"])
def test_no_cell_runs_as_a_formula(start: str) -> None:
    text = f"{start}cmd|'/c calc'!A1"

    [row] = rows(orders=[replace(ORDER, account_holder=text, remittance=text)])

    assert row["account_holder"].startswith("'")
    assert row["remittance"].startswith("'")


def test_a_line_break_in_a_name_makes_no_line() -> None:
    order = replace(ORDER, account_holder="Ana\r\ne2e-9,1.00,EUR", remittance="a\u2028b\x85c")

    content = write_csv(replace(FILE, orders=[order])).decode()

    assert len(content.splitlines()) == 2
    assert "Ana e2e-9,1.00,EUR" in content


@pytest.mark.parametrize(
    ("currency", "amount", "expected"),
    [("JPY", 1_500, "1500"), ("KWD", 1_500, "1.500"), ("USD", 5, "0.05")],
)
def test_amounts_have_the_decimals_of_their_currency(
    currency: str, amount: int, expected: str
) -> None:
    [row] = rows(currency=currency, orders=[replace(ORDER, amount=amount)])

    assert (row["amount"], row["currency"]) == (expected, currency)


def test_the_same_content_is_the_same_file() -> None:
    assert write_csv(FILE) == write_csv(FILE)
