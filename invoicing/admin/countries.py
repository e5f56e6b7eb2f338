"""The countries to choose from, by their names."""

from functools import cache

import pycountry


@cache
def countries() -> list[tuple[str, str]]:
    """ISO 3166 code and what stands in the list, in the order of the names."""
    named = [
        (country.alpha_2, getattr(country, "common_name", country.name))
        for country in pycountry.countries
    ]
    return [(code, f"{name} ({code})") for code, name in sorted(named, key=lambda one: one[1])]


def country_choices(empty: str) -> list[tuple[str, str]]:
    """With a first choice that leaves it open."""
    return [("", empty), *countries()]
