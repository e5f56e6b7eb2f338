"""Sales files for the command that imports them, and what came of them."""

from io import StringIO
from pathlib import Path

from django.core.management import call_command

from core.servers import PROJECT
from invoicing.models import CreditNote, Invoice
from organizations.models import Organization

SALES_FILE = PROJECT / "demo/data/online_retail_2010_12.csv"
HEADING = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def row(number: str, **others: str) -> str:
    """Ten things at 1.00, sold on 1 December 2010 at home."""
    cells = {
        "sku": "85123A",
        "description": "A thing",
        "quantity": "10",
        "moment": "12/1/2010 8:26",
        "price": "1.00",
        "customer": "17850",
        "country": "United Kingdom",
    } | others
    return ",".join([number, *cells.values()])


def cancelled(number: str = "C9", **others: str) -> str:
    """Two of them taken back a day later."""
    return row(number, **({"quantity": "-2", "moment": "12/2/2010 9:00"} | others))


def write_sales(folder: Path, *rows: str) -> Path:
    path = folder / "sales.csv"
    path.write_text("\n".join([HEADING, *rows, ""]))
    return path


def run_import(path: Path, *options: str, organization: str = "acme") -> tuple[list[str], int]:
    """(lines that it said, exit status)"""
    said = StringIO()
    status = 0
    try:
        call_command(
            "import_sales", str(path), f"--organization={organization}", *options, stdout=said
        )
    except SystemExit as left:
        status = int(left.code or 0)
    return said.getvalue().strip().splitlines(), status


def invoice(organization: Organization, number: str) -> Invoice:
    found: Invoice = Invoice.objects.of(organization).get(order__reference=number)
    return found


def note(organization: Organization, number: str) -> CreditNote:
    found: CreditNote = CreditNote.objects.of(organization).get(reference=number)
    return found
