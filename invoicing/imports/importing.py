"""Lead a sales file through orders, invoices, credit notes and payments, in bounded memory.

A batch of documents is one transaction. Where the books refuse one of them, the batch is rolled
back and its documents go in one by one: each is there whole, or not at all.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from core.db.transactions import shared_transaction
from core.errors import Refusal
from invoicing.imports.booking import Booking, Sale, Step
from invoicing.imports.documents import Omission, Outcome, SalesDocument, Scope, documents_of
from invoicing.imports.lines import read_lines
from invoicing.imports.rates import SalesRates
from invoicing.imports.sample_payments import SamplePayment, with_sample_payments
from invoicing.imports.tally import Tally
from organizations.actors import Actor
from organizations.services.auditing import atomic_use_case

# Numbers are given in order, so others who issue documents wait for a batch.
BATCH_SIZE = 25


class SalesImport:
    """One run over one file.

    `currency` is that of the file's prices. With `sample_payments` customers pay and are refunded
    (invoicing/imports/sample_payments.py); walk-ins always settle at once. Whatever does not come
    into the books goes to `on_omission`, in the order of the file.
    """

    def __init__(
        self,
        actor: Actor,
        currency: str,
        rates: SalesRates,
        *,
        sample_payments: bool = False,
        batch_size: int = BATCH_SIZE,
        on_omission: Callable[[Omission], None] = lambda omission: None,
        on_batch: Callable[[Tally], None] = lambda tally: None,
    ) -> None:
        self.tally = Tally()
        self._actor = actor
        self._currency = currency
        self._rates = rates
        self._sample_payments = sample_payments
        self._batch_size = batch_size
        self._on_omission = on_omission
        self._on_batch = on_batch

    def run(self, source: Iterable[bytes]) -> Tally:
        """Every document of the lines; those that are in the books already stay as they are.

        Raises:
            NotASalesFile: nothing was read.
        """
        documents = documents_of(read_lines(source, self._currency))
        steps = with_sample_payments(documents) if self._sample_payments else iter(documents)
        priced = (self._priced(step) for step in steps)
        while batch := list(islice(priced, self._batch_size)):
            for omission in self._book(batch):
                self.tally.count(omission)
                self._on_omission(omission)
            self._on_batch(self.tally)
        return self.tally

    def _priced(self, step: SalesDocument | SamplePayment | Omission) -> Step | Omission:
        if not isinstance(step, SalesDocument):
            return step
        rate = self._rates.of(self._actor, step.country, step.day)
        if rate is None:
            return step.refused("no_tax_rate", f"no tax rate was given that holds on {step.day}")
        return Sale(step, rate)

    def _book(self, batch: Sequence[Step | Omission]) -> Iterator[Omission]:
        """Bring a batch in; what is not in it afterwards, and why."""
        try:
            omissions = self._book_together(batch)
        except Refusal:
            omissions = [omission for step in batch for omission in self._book_alone(step)]
        yield from omissions

    def _book_alone(self, step: Step | Omission) -> list[Omission]:
        try:
            return self._book_together([step])
        except Refusal as refusal:
            return [_refused(step, refusal)]

    def _book_together(self, batch: Sequence[Step | Omission]) -> list[Omission]:
        """All of it in one transaction, or nothing.

        Raises:
            Refusal: of whichever document came first that the books do not take.
        """
        steps = [step for step in batch if not isinstance(step, Omission)]
        omissions: list[Omission] = []
        with shared_transaction(), atomic_use_case(self._actor, "import_sales") as audit:
            booking = Booking(
                audit, self._actor, self._currency, steps, settle=self._sample_payments
            )
            for step in batch:
                omission = step if isinstance(step, Omission) else booking.book(step)
                if omission is not None:
                    omissions.append(omission)
            booking.settle_due()
        self.tally += booking.tally
        return omissions


def _refused(step: Step | Omission, refusal: Refusal) -> Omission:
    if isinstance(step, Sale):
        return step.document.refused(refusal.code, refusal.message)
    if isinstance(step, Omission):
        return step
    return Omission(
        step.line,
        step.number,
        Scope.DOCUMENT,
        Outcome.REFUSED,
        refusal.code,
        f"its payment on {step.day}: {refusal.message}",
    )
