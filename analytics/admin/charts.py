"""What Unfold's Chart.js draws: data and options as JSON in the attributes of a canvas, so that no
script stands in the page."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from analytics.funnels import Funnel, FunnelRange, Steps

NOW, BEFORE, DONE = "var(--color-primary-600)", "var(--color-base-400)", "var(--color-primary-400)"
# Readable on the light and on the dark ground.
_TEXT = "#808894"
# A point for each day as long as they can be told apart.
_MOST_POINTS = 62


def steps_chart(found: Funnel) -> dict[str, str]:
    """The three steps of the range beside those of the range before."""
    data = {
        "labels": ["Visitors", "Started", "Completed"],
        "datasets": [
            _bars("This range", found.range.steps, NOW),
            _bars("Before", found.before.steps, BEFORE),
        ],
    }
    return {"data": json.dumps(data), "options": json.dumps(_options(is_of_days=False))}


def days_chart(one: FunnelRange, days: Mapping[date, Steps]) -> dict[str, str]:
    """Day by day; a day without a snapshot leaves a gap, as nobody knows what happened on it."""
    asked = [one.since + timedelta(days=number) for number in range(one.days)]
    lines = [
        ("Visitors", BEFORE, [days[day].visitors if day in days else None for day in asked]),
        ("Started", DONE, [days[day].started if day in days else None for day in asked]),
        ("Completed", NOW, [days[day].completed if day in days else None for day in asked]),
    ]
    data = {
        "labels": [f"{day:%-d %b}" for day in asked],
        "datasets": [
            {
                "label": label,
                "data": counts,
                "borderColor": colour,
                "backgroundColor": colour,
                "borderWidth": 2,
                "pointRadius": 2 if one.days <= _MOST_POINTS else 0,
            }
            for label, colour, counts in lines
        ],
    }
    return {"data": json.dumps(data), "options": json.dumps(_options(is_of_days=True))}


def _bars(label: str, steps: Steps, colour: str) -> dict[str, Any]:
    return {
        "label": label,
        "data": [steps.visitors, steps.started, steps.completed],
        "backgroundColor": colour,
        "maxBarThickness": 48,
    }


def _options(*, is_of_days: bool) -> dict[str, Any]:
    ticks = {"color": _TEXT, "maxRotation": 0, "autoSkipPadding": 16}
    return {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "interaction": {"mode": "index", "intersect": False},
        "plugins": {
            "legend": {
                "display": True,
                "position": "bottom",
                "labels": {"color": _TEXT, "boxWidth": 12, "boxHeight": 12},
            },
        },
        "scales": {
            # Unfold puts the colour of its lines into `grid`.
            "x": {"grid": {"display": False}, "ticks": ticks},
            "y": {
                "beginAtZero": True,
                "grid": {},
                "ticks": {"color": _TEXT, "precision": 0, "maxTicksLimit": 6},
            },
        },
        "elements": {"line": {"tension": 0.2}} if is_of_days else {},
    }
