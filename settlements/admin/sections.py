"""Forms in parts, each with a heading, for what has more fields than fit below each other."""

from dataclasses import dataclass
from typing import Any, ClassVar

from core.errors import Refusal
from core.forms import PageForm

# The page that shows such a form.
SECTIONS = "admin/settlements/sections.html"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, what has to be known, and the names of its fields."""

    title: str
    text: str
    names: tuple[str, ...]


class SectionedForm(PageForm):
    """A form whose refusals may name a value that is spread over several fields."""

    sections: ClassVar[tuple[Section, ...]] = ()
    # Where to say what is wrong with a value that is no field of this form.
    said_at: ClassVar[dict[str, str]] = {}
    # Fields that count only where another one has been set to this.
    only_when: ClassVar[dict[str, str]] = {}
    # Amounts that are zero or more; said here in words, without minor units.
    not_negative: ClassVar[tuple[str, ...]] = ()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in self.not_negative:
            if (cleaned.get(name) or 0) < 0:
                self.add_error(name, "This is not below zero.")
        return cleaned

    def parts(self) -> list[tuple[Section, list[tuple[Any, str]]]]:
        """Each section with its fields, and what each field depends on."""
        shown = [
            (
                section,
                [
                    (self[name], self.only_when.get(name, ""))
                    for name in section.names
                    if name in self.fields
                ],
            )
            for section in self.sections
        ]
        return [(section, fields) for section, fields in shown if fields]

    def refuse(self, refusal: Refusal) -> None:
        at = self.said_at.get(refusal.attr or "", refusal.attr)
        problem = refusal.facts.get("problem")
        if at in self.fields and refusal.facts.get("field") == refusal.attr and problem:
            # The field is named by its label.
            self.add_error(at, f"{problem}.")
        else:
            self.add_error(at if at in self.fields else None, refusal.message)
