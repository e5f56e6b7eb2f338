"""Which texts invoicing takes."""

import pytest

from invoicing.rules import text_problem


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Mug",
        " Mug\r\n",
        "كوب",
        "می\u200cخواهم",
        "👩\u200d🚀",
        "e\u0301",
        "a\u00a0b",
        "\u200bMug",
    ],
)
def test_takes_what_people_write(text):
    assert text_problem(text, most=20) is None


@pytest.mark.parametrize("letter", ["\x01", "\x07", "\x1b", "\x7f", "\x85", "\x9b", "\x0b", "\x0c"])
@pytest.mark.parametrize("has_lines", [False, True])
def test_refuses_control_characters_and_names_them(letter, has_lines):
    text = f"a{letter}b"

    problem = text_problem(text, most=20, has_lines=has_lines)

    assert problem == f"{text!a} holds a control character"


@pytest.mark.parametrize("between", ["\n", "\r\n", "\t"])
def test_takes_lines_and_tabs_where_there_may_be_several_lines(between):
    text = f"12 Foundry Lane{between}Sheffield"

    assert text_problem(text, most=40, has_lines=True) is None
    assert text_problem(text, most=40) is not None


@pytest.mark.parametrize("least", [0, 1])
@pytest.mark.parametrize("text", ["\u200b", " \u200d\u2060 ", "\ufeff", "\u3164", "\u2800"])
def test_refuses_what_shows_nothing(text, least):
    assert text_problem(text, least=least, most=20) == f"{text!a} shows nothing"
