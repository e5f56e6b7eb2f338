"""Text from outside: whether there is anything to see, and made safe to show."""

import unicodedata

# Control and format characters, white space, and marks that need a letter to stand on.
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"})
# Letters and signs by name that are drawn as nothing: Hangul fillers and the empty Braille cell.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def visible(text: str) -> str:
    """The text with what would act on a terminal, or not be seen at all, spelt as an escape."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def is_unseen(text: str) -> bool:
    """Whether a text shows nothing at all: it is empty, white space, or zero-width characters."""
    return all(letter in _FILLERS or unicodedata.category(letter) in _UNSEEN for letter in text)
