"""Forms of the back-office: Unfold's look on plain Django fields, amounts as people write them."""

from typing import Any

from django import forms
from unfold.widgets import CHECKBOX_CLASSES, INPUT_CLASSES, SELECT_CLASSES, TEXTAREA_CLASSES

from core.errors import Refusal
from core.money import AmountError, format_amount, parse_amount


class DateInput(forms.DateInput):
    """The browser's own date picker: it needs no script and speaks the reader's language."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class DateTimeInput(forms.DateTimeInput):
    """The browser's own picker of a day and a time."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class AmountInput(forms.TextInput):
    """Figures stand right-aligned, and telephones show digits."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "decimal", "autocomplete": "off", **(attrs or {})})


def dress(form: forms.BaseForm) -> None:
    """Give a form's widgets Unfold's classes."""
    for field in form.fields.values():
        widget = field.widget
        if isinstance(widget, forms.HiddenInput | forms.CheckboxSelectMultiple):
            continue
        if isinstance(widget, forms.Select):
            classes = SELECT_CLASSES
            # With the arrow, which Unfold draws itself.
            widget.template_name = "unfold/widgets/select.html"
        elif isinstance(widget, forms.CheckboxInput):
            classes = CHECKBOX_CLASSES
        elif isinstance(widget, forms.Textarea):
            classes = TEXTAREA_CLASSES
        else:
            classes = INPUT_CLASSES
        own = widget.attrs.get("class", "")
        widget.attrs["class"] = " ".join([*classes, own]).strip()


class PageForm(forms.Form):
    """A form of a page of our own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        dress(self)

    def refuse(self, refusal: Refusal) -> None:
        """Say on the form what a service had against it."""
        self.add_error(refusal.attr if refusal.attr in self.fields else None, refusal.message)


class AmountField(forms.CharField):
    """Minor units of one currency, written in major ones: 1,234.50."""

    widget = AmountInput

    def __init__(self, *, currency: str, **kwargs: Any) -> None:
        self.currency = currency
        super().__init__(max_length=40, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return format_amount(value, self.currency) if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        written = super().clean(value)
        if not written:
            return None
        try:
            return parse_amount(written, self.currency)
        except AmountError as error:
            raise forms.ValidationError(str(error)) from None
