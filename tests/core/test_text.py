"""Text from outside."""

import pytest

from core.text import is_unseen


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\u00a0",
        "\u200b\u200c\u200d",
        "\ufeff",
        "\u00ad",
        "\u2060\u202e",
        "\ufe0f",
        "\u034f",
        "\u3164\uffa0",
        "\u2800",
        "\x1b",
    ],
)
def test_tells_what_shows_nothing(text):
    assert is_unseen(text)


@pytest.mark.parametrize(
    "text", ["a", ".", "\u200ba", "كوب", "杯", "न\u094d\u200d", "👩\u200d🚀", "e\u0301", "\ue000"]
)
def test_tells_what_can_be_seen(text):
    assert not is_unseen(text)
