"""Dated exchange rates, by which reports read the books in one currency."""

import re
from datetime import date
from decimal import Decimal

from core.money import is_currency
from ledger.drafts import FIRST_DATE, LAST_DATE
from ledger.errors import BadRate
from ledger.models import ExchangeRate
from organizations.actors import Actor
from organizations.services.auditing import atomic_use_case

_PLACES = Decimal("0.000000000001")
# Decimal() also takes underscores, other scripts' digits and blanks around.
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def set_exchange_rate(
    *,
    actor: Actor,
    currency: str,
    quote_currency: str,
    rate: Decimal | str | int,
    valid_on: date,
    source: str = "",
) -> ExchangeRate:
    """Say that one `currency` is worth `rate` of `quote_currency` from a day on.

    Major units. A rate that is there for that day already is replaced; the audit trail keeps it.

    Raises:
        BadRate: not a number above zero that fits 12 + 12 digits, or not two ISO 4217 currencies.
    """
    exact = _checked(currency, quote_currency, rate)
    if not FIRST_DATE <= valid_on <= LAST_DATE:
        raise BadRate(rate=f"{valid_on.isoformat()} lies outside of what the books can date")
    with atomic_use_case(actor, "set_exchange_rate") as audit:
        rates = ExchangeRate.objects.of(actor.organization)
        same = {"currency": currency, "quote_currency": quote_currency, "valid_on": valid_on}
        before = rates.select_for_update().filter(**same).first()
        after, _ = rates.update_or_create(
            organization=actor.organization, **same, defaults={"rate": exact, "source": source}
        )
        audit(
            after,
            before={"rate": before.rate, "source": before.source} if before else None,
            after={**same, "rate": exact, "source": source},
        )
    rate_set: ExchangeRate = after
    return rate_set


def _checked(currency: str, quote_currency: str, rate: Decimal | str | int) -> Decimal:
    for code in (currency, quote_currency):
        if not is_currency(code):
            raise BadRate(rate=f"{code} is not an ISO 4217 currency")
    if currency == quote_currency:
        raise BadRate(rate=f"{currency} in {quote_currency} is always 1")
    if isinstance(rate, float):
        raise BadRate(rate=f"{rate} is a float; write it as text")
    if isinstance(rate, str) and not _PLAIN_NUMBER.fullmatch(rate):
        raise BadRate(rate=f"{rate:.40} is not a number such as 1.25")
    try:
        exact = Decimal(rate)
        fits = exact.is_finite() and 0 < exact < 10**12 and exact == exact.quantize(_PLACES)
    except ArithmeticError:
        fits = False
    if not fits:
        raise BadRate(rate=f"{rate!s:.40} is not above zero with at most 12 decimals")
    return exact
