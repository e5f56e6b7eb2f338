"""What the documentation says of commands, options and files is so."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandParser

from core.servers import PROJECT

PAGES = sorted([PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")])
COMMANDS_PAGE = PROJECT / "docs" / "reference" / "commands.md"


@cache
def parser_of(command: str) -> CommandParser:
    return load_command_class(get_commands()[command], command).create_parser("manage.py", command)


def options_of(command: str) -> set[str]:
    """The command's own long options, without those that all of Django's commands have."""
    everywhere = BaseCommand().create_parser("manage.py", command)._option_string_actions
    return {name for name in parser_of(command)._option_string_actions if name not in everywhere}


def our_commands() -> list[str]:
    ours = {config.name for config in apps.get_app_configs() if Path(config.path).parent == PROJECT}
    return sorted(name for name, app in get_commands().items() if app in ours)


def section_of(command: str) -> str:
    """What the page says of one command."""
    text = COMMANDS_PAGE.read_text()
    return text.partition(f"\n### {command}\n")[2].partition("\n### ")[0].partition("\n## ")[0]


@pytest.mark.parametrize("command", our_commands())
def test_the_reference_lists_the_options_of(command):
    listed = re.findall(
        r"`(--[a-z-]+)`", "".join(re.findall(r"^\|.*?\|", section_of(command), re.MULTILINE))
    )

    assert set(listed) == options_of(command)


def test_the_reference_has_a_section_for_each_command_of_ours_and_no_other():
    sections = re.findall(r"^### (\w+)$", COMMANDS_PAGE.read_text(), re.MULTILINE)

    assert sorted(sections) == our_commands()


def written_commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Each `manage.py NAME …` that a page shows, with the options that it gives."""
    text = page.read_text().replace("\\\n", " ")
    for name, rest in re.findall(r"manage\.py ([a-z_]+)([^\n`|]*)", text):
        yield name, re.findall(r"(?<!\S)\[?(--[a-z-]+)", rest)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_page_shows_only_commands_and_options_that_exist(page):
    written = list(written_commands(page))

    assert {name for name, _ in written} - {"help", *get_commands()} == set()
    assert [
        (name, option)
        for name, options in written
        for option in options
        if option not in parser_of(name)._option_string_actions
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_page_links_only_to_what_is_there(page):
    dead = []
    for target in re.findall(r"\]\((?!https?:|/)([^)\s]+)\)", page.read_text()):
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors_of(file)):
            dead.append(target)

    assert dead == []


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_index_links_to_every_page():
    index = PROJECT / "docs" / "README.md"
    linked = {
        (index.parent / target).resolve()
        for target in re.findall(r"\]\(([^)]+)\)", index.read_text())
    }

    assert [
        page for page in PAGES if page.parent != PROJECT and page != index and page not in linked
    ] == []
