"""Which references, methods and texts the items of a payee's account take."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from core.text import is_unseen
from invoicing.models import PaymentMethod
from invoicing.rules import metadata_problem, shown, text_problem

MOST_REFERENCE = 180
MOST_REASON = 500
MOST_QUANTITY = 2**31 - 1

_METHODS = frozenset(PaymentMethod.values)


def reference_problem(reference: object) -> str | None:
    """What is wrong with the caller's own name of an item; None if nothing."""
    if (
        isinstance(reference, str)
        and 0 < len(reference) <= MOST_REFERENCE
        and reference.isascii()
        and reference.isprintable()
        and reference[0] != " " != reference[-1]
    ):
        return None
    problem = text_problem(reference, least=1, most=MOST_REFERENCE)
    if problem is not None:
        return problem
    text = str(reference)
    if text != text.strip():
        return f"{shown(text)} begins or ends with a blank"
    if not text.isprintable() or is_unseen(text):
        return f"{shown(text)} holds a character that does not show"
    return None


def method_problem(method: object) -> str | None:
    """What is wrong with how a buyer paid; None if nothing."""
    if isinstance(method, str) and method in _METHODS:
        return None
    return f"{shown(method)} is none of {', '.join(PaymentMethod.values)}"


def reason_problem(reason: object, *, least: int = 0) -> str | None:
    """What is wrong with why something was done; None if nothing."""
    return text_problem(reason, least=least, most=MOST_REASON, has_lines=True)


def metadata_fault(metadata: Mapping[str, Any]) -> str | None:
    """What is wrong with an object of the caller's own; None if nothing."""
    return metadata_problem(metadata) if metadata else _empty_problem(metadata)


def _empty_problem(metadata: object) -> str | None:
    return None if isinstance(metadata, Mapping) else f"{shown(metadata)} is no object"


def first_problem(problems: Iterator[tuple[str, str | None]]) -> tuple[str, str] | None:
    """The first field at fault, and what is wrong with it."""
    return next(((field, problem) for field, problem in problems if problem is not None), None)


def same_json(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two objects say the same, numbers as they are written: what the database gives back
    of 1e23 is an integer; and true is not 1."""
    if not one and not other:
        return True
    return bool(_read(one) == _read(other))


def _read(value: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(dict(value)), parse_int=_number, parse_float=_number)


def _number(text: str) -> tuple[str, Decimal]:
    return ("number", Decimal(text))
