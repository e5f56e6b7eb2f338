"""Made-up payments for sales that come without any: when customers would have paid.

Two of three invoices are paid, by bank, three to seven days on. Which ones and when follows from
the InvoiceNo alone, so that every run of every file says the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import heappop, heappush

from invoicing.imports.documents import Omission, SalesDocument


@dataclass(frozen=True, slots=True, order=True)
class SamplePayment:
    """The invoice of this InvoiceNo is paid in full on this day, unless it was credited before."""

    day: date
    number: str
    # Where the document begins in the file.
    line: int

    @property
    def provider_reference(self) -> str:
        """Taken once, so that no run pays an invoice again."""
        return f"sample-payment-{self.number}"


def sample_payment(document: SalesDocument) -> SamplePayment | None:
    """Customers pay where the number is no multiple of three, after 3 days and the rest of the
    number divided by five; walk-ins have paid, and a cancellation asks for nothing."""
    if document.is_cancellation or not document.customer:
        return None
    number = int(document.number)
    if number % 3 == 0:
        return None
    day = document.day + timedelta(days=3 + number % 5)
    return SamplePayment(day, document.number, document.first_line)


def with_sample_payments(
    documents: Iterable[SalesDocument | Omission],
) -> Iterator[SalesDocument | Omission | SamplePayment]:
    """Put each payment before the first document of its day or a later one; the last ones at the
    end. Held are only those that are still to come: a week's."""
    to_come: list[SamplePayment] = []
    today = date.min
    for document in documents:
        if isinstance(document, SalesDocument):
            today = max(today, document.day)
            while to_come and to_come[0].day <= today:
                yield heappop(to_come)
            payment = sample_payment(document)
            if payment is not None:
                heappush(to_come, payment)
        yield document
    while to_come:
        yield heappop(to_come)
