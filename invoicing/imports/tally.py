"""What came of a sales file."""

from dataclasses import dataclass, fields

from invoicing.imports.documents import Omission, Outcome, Scope

_COUNTED_AS = {
    (Scope.DOCUMENT, Outcome.LEFT_OUT): "left_out",
    (Scope.DOCUMENT, Outcome.REFUSED): "refused",
    (Scope.LINE, Outcome.LEFT_OUT): "lines_left_out",
    (Scope.LINE, Outcome.REFUSED): "lines_refused",
}


@dataclass(slots=True)
class Tally:
    """Counts, of documents where nothing else is said."""

    invoices: int = 0
    credit_notes: int = 0
    there_already: int = 0
    left_out: int = 0
    refused: int = 0
    lines_left_out: int = 0
    lines_refused: int = 0
    customers: int = 0
    payments: int = 0
    refunds: int = 0

    def __iadd__(self, other: "Tally") -> "Tally":
        for count in fields(self):
            setattr(self, count.name, getattr(self, count.name) + getattr(other, count.name))
        return self

    def count(self, omission: Omission) -> None:
        name = _COUNTED_AS[omission.scope, omission.outcome]
        setattr(self, name, getattr(self, name) + 1)

    @property
    def is_complete(self) -> bool:
        """Nothing that carries money was refused."""
        return not (self.refused or self.lines_refused)
