"""Files of one entry a line: lines of bounded length, and what is said of those refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

LONGEST_LINE = 20_000_000


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line of the input that is not in the books, and why."""

    number: int
    reference: str
    code: str
    reason: str

    @classmethod
    def too_long(cls, number: int) -> "RefusedLine":
        return cls(number, "", "too_long", f"at most {LONGEST_LINE} bytes are taken in a line")


def bounded_lines(source: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream; of one that is too long as much as shows that it is."""
    while line := source.readline(LONGEST_LINE + 1):
        yield line
        while line and not line.endswith(b"\n"):
            line = source.readline(LONGEST_LINE + 1)


def is_too_long(line: bytes) -> bool:
    return len(line) > LONGEST_LINE
