"""Payouts as CSV (RFC 4180, UTF-8), for banks and programs that take no pain.001."""

import csv
import io

from ledger.exports.csv_file import inert, plain_amount
from settlements.payout_files.content import PayoutFile, PayoutOrder, one_line

# docs/how-to/paying-organizers.md says what each holds. The first two are read back by position.
COLUMNS = (
    *("end_to_end_id", "amount", "currency", "executes_on", "payee"),
    *("account_holder", "iban", "bic", "remittance"),
)


def write_csv(file: PayoutFile) -> bytes:
    """Amounts in major units with a point; no cell runs as a formula, and none has a line break."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(file, order) for order in file.orders)
    return buffer.getvalue().encode()


def _cells(file: PayoutFile, order: PayoutOrder) -> tuple[str, ...]:
    texts = (order.payee, order.account_holder, order.iban, order.bic, order.remittance)
    return (
        order.end_to_end_id,
        plain_amount(order.amount, file.currency),
        file.currency,
        file.executes_on.isoformat(),
        *(inert(one_line(text)) for text in texts),
    )
