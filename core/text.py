"""Text from outside, made safe to show."""


def visible(text: str) -> str:
    """The text with what would act on a terminal, or not be seen at all, spelt as an escape."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
