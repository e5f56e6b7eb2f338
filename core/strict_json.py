"""JSON as money wants it read: nothing is guessed, dropped or rounded on the way in."""

import json
import math
import re
from typing import Any

from core.errors import Refusal

DEEPEST = 20

# What a string of JSON can spell and a text column of PostgreSQL cannot hold.
_SUSPECT_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNHOLDABLE = re.compile("[\0\ud800-\udfff]")


class MalformedJson(Refusal):
    """This is not JSON that can be taken: {reason}."""


class Numeral(float):
    """A number with a point or an exponent, which remembers how it was written: a float holds
    some 16 digits of it, and a quantity or a percentage has to be exact."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> "Numeral":
        number = super().__new__(cls, text)
        number.text = text
        return number


def loads(text: bytes) -> Any:
    """Strict JSON: UTF-8, no duplicate keys, no NaN, Infinity or 1e400, no NUL, bounded depth.

    A byte order mark, which some programs put before UTF-8, is passed over.

    Raises:
        MalformedJson: with the reason.
    """
    try:
        value = json.loads(
            text.decode("utf-8-sig"),
            object_pairs_hook=_without_duplicates,
            parse_float=_finite,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError as error:
        raise MalformedJson(reason=f"byte {error.start} is not UTF-8") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise MalformedJson(reason=str(error)) from None
    _check_depth(value)
    if _SUSPECT_ESCAPE.search(text):
        _check_strings(value)
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise MalformedJson(reason=f"the key {name[:100]!r} stands twice in one object")
            seen.add(name)
    return value


def _finite(text: str) -> Numeral:
    number = Numeral(text)
    if not math.isfinite(number):
        raise MalformedJson(reason=f"the number {text[:40]} is out of range")
    return number


def _refuse_constant(name: str) -> Any:
    raise MalformedJson(reason=f"{name} is not JSON")


def _too_deep() -> MalformedJson:
    return MalformedJson(reason=f"it is nested deeper than {DEEPEST} levels")


def _check_depth(value: Any) -> None:
    # Level by level, which costs one pass over the containers and no call for each.
    level: list[Any] = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST):
        if not level:
            return
        level = [
            inner
            for outer in level
            for inner in (outer.values() if outer.__class__ is dict else outer)
            if inner.__class__ is dict or inner.__class__ is list
        ]
    if level:
        raise _too_deep()


def _check_strings(value: Any) -> None:
    if isinstance(value, str):
        found = _UNHOLDABLE.search(value)
        if found:
            kind = "a NUL character" if found[0] == "\0" else "half of a surrogate pair"
            raise MalformedJson(reason=f"a string contains {kind}")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_strings(name)
            _check_strings(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_strings(inner)
