"""What the books refuse: kinds of refusal, and the way from a database constraint's name to one."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from django.db import DatabaseError

# NotADebt is three words.
_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Refusal(Exception):
    """Something was understood and refused.

    A subclass's docstring is its message, a format string over its facts, which are also
    attributes: `UnbalancedEntry(reference="a", difference=1).difference == 1`.
    `attr` may name the input field that is at fault. `passes`: the very same may go through a
    moment later, so the answer is not kept for who repeats it.
    """

    attr: str | None = None
    passes: ClassVar[bool] = False

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        for name, value in facts.items():
            setattr(self, name, value)
        super().__init__(self.message)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{type(self).__name__} has no fact {name!r}")

    @property
    def code(self) -> str:
        """The error's name on the wire: the class name in snake case."""
        return _WORD_BEGINS.sub("_", type(self).__name__).lower()

    @property
    def message(self) -> str:
        """The docstring's first paragraph with the facts filled in; of a long list its start."""
        template = " ".join((type(self).__doc__ or "").split("\n\n")[0].split())
        return template.format_map(_Facts(self.facts))

    def __reduce__(self) -> Any:
        return _rebuild, (type(self), self.facts)


_MOST_LISTED = 10


class _Facts(dict[str, Any]):
    """Facts as a message shows them."""

    def __getitem__(self, name: str) -> Any:
        fact = super().__getitem__(name)
        if not isinstance(fact, list | tuple):
            return fact
        listed = ", ".join(map(str, fact[:_MOST_LISTED]))
        more = len(fact) - _MOST_LISTED
        return f"{listed} and {more} more" if more > 0 else listed

    def __missing__(self, name: str) -> str:
        return "?"


def _rebuild(kind: type[Refusal], facts: dict[str, Any]) -> Refusal:
    return kind(**facts)


class NotFound(Refusal):
    """There is no {what} {which}."""


class Invalid(Refusal):
    """Refused by a rule of the books."""


class Conflict(Refusal):
    """It conflicts with what is already in the books."""


class Forbidden(Refusal):
    """You may not do this."""


class Unavailable(Refusal):
    """The database is away, or the outcome is unknown: repeat with the same key."""


class AmountOutOfRange(Invalid):
    """An amount or a sum of amounts does not fit into 64 bits of minor units."""


Translation = Callable[[dict[str, Any]], Refusal]


class ConstraintRegistry:
    """Which refusal each named constraint stands for. Apps register theirs when they load."""

    _translations: ClassVar[dict[str, Translation]] = {}

    @classmethod
    def register(cls, translations: Mapping[str, Translation]) -> None:
        cls._translations.update(translations)

    @classmethod
    def translate(cls, error: BaseException) -> Refusal | None:
        """The refusal for a database error, or None where no constraint of ours was broken."""
        cause: Any = error.__cause__ if isinstance(error, DatabaseError) else error
        diagnostics = getattr(cause, "diag", None)
        if diagnostics is None:
            return None
        if diagnostics.sqlstate == "22003":
            return AmountOutOfRange()
        translation = cls._translations.get(diagnostics.constraint_name or "")
        if translation is None:
            return None
        return translation(_facts(diagnostics.message_detail))


_KEY = re.compile(r"\AKey \((?P<columns>.*?)\)=\((?P<values>.*)\)", re.DOTALL)


def _facts(detail: str | None) -> dict[str, Any]:
    """What DETAIL tells: a JSON object from a trigger of ours, or the key that is taken."""
    try:
        facts = json.loads(detail or "")
    except ValueError:
        return _key(detail or "")
    return facts if isinstance(facts, dict) else {}


def _key(detail: str) -> dict[str, Any]:
    """The columns and values of a unique or foreign key. What people write stands last in ours:
    only there a comma belongs to the value."""
    found = _KEY.match(detail)
    if found is None:
        return {}
    columns = found["columns"].split(", ")
    values = found["values"].split(", ", len(columns) - 1)
    return {
        column: value
        for column, value in zip(columns, values, strict=True)
        if column != "organization_id"
    }


@contextmanager
def refusing() -> Iterator[None]:
    """Turn a broken constraint inside the block into the refusal that it stands for."""
    try:
        yield
    except DatabaseError as error:
        refusal = ConstraintRegistry.translate(error)
        if refusal is None:
            raise
        raise refusal from error
