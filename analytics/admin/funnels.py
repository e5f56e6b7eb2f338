"""The page of the funnel: its figures, how they changed, and two charts."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from analytics.admin.charts import days_chart, steps_chart
from analytics.admin.event_choice import PERMISSION, EventInput, event_typed
from analytics.funnels import Change, Funnel, Rate
from analytics.rules import last_days
from analytics.selectors.funnels import funnel, funnel_by_day
from analytics.selectors.snapshots import campaigns_of
from core.admin import may, require_permission
from core.errors import Refusal
from core.forms import DateInput, PageForm, dress
from core.money import format_amount
from organizations.admin.base import organization_of, site
from organizations.models import Organization
from settlements.models import Event

# Without a first day.
DAYS = 30
STEPS = (
    ("visitor_count", "Visitors"),
    ("checkout_started_count", "Checkouts started"),
    ("checkout_completed_count", "Checkouts completed"),
)
RATES = (
    ("visit_to_start", "Visits that begin a checkout"),
    ("start_to_complete", "Checkouts that are completed"),
    ("visit_to_complete", "Visits that become a sale"),
)
# Before the names of campaigns, so that one may be called “none”.
_NAMED = "="


class FunnelForm(PageForm):
    since = forms.DateField(label="From", required=False, widget=DateInput)
    until = forms.DateField(label="To", required=False, widget=DateInput)
    event = forms.CharField(required=False, max_length=100, widget=EventInput)

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization
        names = [(f"{_NAMED}{name}", name) for name in campaigns_of(organization)]
        self.fields["campaign"] = forms.ChoiceField(
            required=False, choices=[("", "All"), ("none", "Of no campaign"), *names]
        )
        dress(self)

    def clean_event(self) -> Event | None:
        return event_typed(self.organization, self.cleaned_data["event"])

    @property
    def asked(self) -> dict[str, Any]:
        """What a funnel is asked for: without days, the last ones up to today."""
        given = self.cleaned_data
        until = given["until"] or self.organization.today()
        campaign: str = given["campaign"]
        return {
            "since": given["since"] or last_days(until, DAYS),
            "until": until,
            "event": given["event"],
            "campaign": (
                campaign[len(_NAMED) :] if campaign.startswith(_NAMED) else "" if campaign else None
            ),
        }

    def refuse(self, refusal: Refusal) -> None:
        """The selector calls the days as the API does."""
        refusal.attr = {"from": "since", "to": "until"}.get(refusal.attr or "", refusal.attr)
        super().refuse(refusal)


@site.page("funnel/", "funnel")
def funnel_page(request: HttpRequest) -> HttpResponseBase:
    """Range, event and campaign are in the address, so that a view can be passed on."""
    organization = organization_of(request)
    require_permission(request, PERMISSION)
    until = organization.today()
    asked = request.GET or {"since": last_days(until, DAYS), "until": until}
    form = FunnelForm(asked, organization=organization)
    return site.render(
        request,
        "admin/analytics/funnel.html",
        "Funnel",
        form=form,
        may_add=may(request, "analytics.add_funnelsnapshot"),
        **_shown(organization, form),
    )


def _shown(organization: Organization, form: FunnelForm) -> dict[str, Any]:
    """Nothing where it is refused, and the form says why."""
    if not form.is_valid():
        return {}
    try:
        asked = form.asked
        found = funnel(organization, **asked)
        days = funnel_by_day(organization, **asked)
    except Refusal as refusal:
        form.refuse(refusal)
        return {}
    return {
        "found": found,
        "is_empty": not found.range.days_with_data and not found.before.days_with_data,
        "steps": _steps(found),
        "rates": _rates(found),
        "revenues": _revenues(found),
        "steps_chart": steps_chart(found),
        "days_chart": days_chart(found.range, days),
    }


def _steps(found: Funnel) -> list[dict[str, Any]]:
    counts = found.counts
    return [
        {
            "name": title,
            "now": f"{counts[name].now:,}",
            "before": f"{counts[name].before:,}",
            **_told(counts[name], f"{counts[name].difference:+,}"),
        }
        for name, title in STEPS
    ]


def _rates(found: Funnel) -> list[dict[str, Any]]:
    before, apart = found.before.steps.rates, found.rates
    return [
        {
            "name": title,
            "now": _percent(rate),
            "of": f"{rate.count:,} of {rate.of:,}",
            "before": _percent(before[name]),
            "before_of": f"{before[name].count:,} of {before[name].of:,}",
            "change": _points(apart[name]),
            "is_down": (apart[name] or "").startswith("-"),
        }
        for (name, title), rate in zip(RATES, found.range.steps.rates.values(), strict=True)
    ]


def _revenues(found: Funnel) -> list[dict[str, Any]]:
    return [
        {
            "currency": currency,
            "now": format_amount(change.now, currency),
            "before": format_amount(change.before, currency),
            **_told(
                change,
                ("+" if change.difference > 0 else "") + format_amount(change.difference, currency),
            ),
        }
        for currency, change in found.revenues.items()
    ]


def _told(change: Change, difference: str) -> dict[str, Any]:
    return {
        "change": difference if change.difference else "0",
        "relative": _signed_percent(change.relative),
        "is_down": change.difference < 0,
    }


def _percent(rate: Rate) -> str:
    """13.33 %, or a dash where nobody could have gone on."""
    return "–" if rate.text is None else f"{_shifted(rate.text)} %"


def _signed_percent(text: str | None) -> str:
    if text is None:
        return ""
    return f"{'' if text.startswith('-') else '+'}{_shifted(text)} %"


def _points(text: str | None) -> str:
    """The difference of two percentages is told in points."""
    if text is None:
        return "–"
    return f"{'' if text.startswith('-') else '+'}{_shifted(text)} points"


def _shifted(text: str) -> str:
    """0.1333 as 13.33: the point two places to the right, digit by digit."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, fraction = digits.split(".")
    return f"{sign}{int(whole + fraction[:2]):,}.{fraction[2:]}"
