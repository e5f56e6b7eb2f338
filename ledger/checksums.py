"""What a file says and what the books say, summed up so that the two can be compared."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

# (account code, currency, debit, credit)
Side = tuple[str, str, int, int]


@dataclass(slots=True, eq=False)
class Checksum:
    """Entries, their debits per currency, and a SHA-256 over what they say, in the file's order."""

    entries: int = 0
    debits: Counter[str] = field(default_factory=Counter)
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, reference: str, effective_on: date, sides: Sequence[Side]) -> None:
        self.entries += 1
        for _, currency, debit, _ in sides:
            self.debits[currency] += debit
        self.digest.update(canonical(reference, effective_on, sides))

    @property
    def sha256(self) -> str:
        text: str = self.digest.hexdigest()
        return text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Checksum) and (self.entries, self.debits, self.sha256) == (
            other.entries,
            other.debits,
            other.sha256,
        )


def canonical(reference: str, effective_on: date, sides: Sequence[Side]) -> bytes:
    """One entry as the bytes that are hashed: compact JSON and a line's end."""
    content = [reference, effective_on.isoformat(), *map(list, sides)]
    return json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
