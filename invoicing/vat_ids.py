"""VAT ids, by the rules of the country that gave them."""

import re
from collections.abc import Callable

from stdnum import get_cc_module
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.gb import vat as gb_vat
from stdnum.util import clean

from invoicing.errors import InvalidTaxId
from invoicing.rules import shown, text_problem

MOST_TAX_ID = 40

_EU = {code.upper() for code in eu_vat.MEMBER_STATES}
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./&:+-]*")

Check = Callable[[str], str]


def check_tax_id(tax_id: str, country: str) -> str:
    """The id without spaces and the like, those of the EU and of Britain with their prefix. Where
    no rules are known, what is plain text passes as it is.

    Raises:
        InvalidTaxId: it is none of its country, or without one of that which it begins with.
    """
    problem = text_problem(tax_id, most=MOST_TAX_ID)
    if problem is not None:
        raise InvalidTaxId(tax_id=shown(tax_id), of_country=_of(country), problem=problem)
    number = tax_id.strip()
    checks = _checks(number, country)
    if not number or (not checks and _PLAIN.fullmatch(number)):
        return number
    problems = ["it holds more than letters, digits and signs"]
    for check in checks:
        try:
            return check(number)
        except ValidationError as error:
            problems.append(str(error).rstrip("."))
    problem = problems[-1][0].lower() + problems[-1][1:]
    raise InvalidTaxId(tax_id=shown(tax_id), of_country=_of(country), problem=problem)


def _checks(number: str, country: str) -> list[Check]:
    """The rules of which one has to be kept, the country's own last; none where none are known."""
    begins = clean(number, " -./,").upper()[:2]
    abroad: list[Check] = [_of_the_eu] if begins in _EU | {"EL", "EU"} else []
    if not country:
        return [_of_britain] if begins == "GB" else abroad
    if country in _EU:
        # Who sits in one country may be registered in another.
        return [*abroad, lambda number: _of_the_eu(country + number)]
    if country == "GB":
        return [*abroad, _of_britain]
    national = get_cc_module(country.lower(), "vat")
    return [*abroad, national.validate] if national is not None else []


def _of_the_eu(number: str) -> str:
    """Greek ids begin with EL, whatever ISO 3166 says."""
    valid = eu_vat.validate(number)
    return "EL" + valid[2:] if valid.startswith("GR") else valid


def _of_britain(number: str) -> str:
    return "GB" + gb_vat.validate(number)


def _of(country: str) -> str:
    return f" of {country}" if country else ""
