"""Countries as sales files name them."""

from functools import cache

import pycountry

# What no standard calls them. The Channel Islands have two codes; Jersey is the larger.
OWN_NAMES = {
    "eire": "IE",
    "rsa": "ZA",
    "korea": "KR",
    "channel islands": "JE",
    "czech republic": "CZ",
}
# Places that are known to be abroad, and nothing more.
SOMEWHERE = frozenset({"european community", "unspecified", "west indies"})


class UnknownPlace(ValueError):
    """A name that is no country's."""


@cache
def country_code(name: str) -> str:
    """The ISO 3166 code of a country by its name; empty for what is no single country.

    Raises:
        UnknownPlace: there is no country of that name.
    """
    known = name.casefold()
    if known in SOMEWHERE:
        return ""
    if known in OWN_NAMES:
        return OWN_NAMES[known]
    try:
        return str(pycountry.countries.lookup(name).alpha_2)
    except LookupError:
        raise UnknownPlace(name) from None
