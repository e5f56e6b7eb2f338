"""Which codes, amounts, fees and bank details settlements take."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

from schwifty import BIC, IBAN
from schwifty.exceptions import (
    InvalidBankCode,
    InvalidChecksumDigits,
    InvalidCountryCode,
    InvalidLength,
    SchwiftyException,
)

from core.money import MOST_MINOR_UNITS
from invoicing.rules import is_whole, shown, text_problem
from ledger.drafts import FIRST_DATE, LAST_DATE
from settlements.errors import InvalidBic, InvalidIban, InvalidPayee
from settlements.fees import FeeBearer, FeePolicy

MOST_CODE = 100

_CODE = re.compile(r"[A-Za-z0-9.:_-]{1,100}")
_DECIMAL = re.compile(r"[0-9]{1,18}(\.[0-9]{1,12})?", re.ASCII)
_SPACES = dict.fromkeys(map(ord, " \u00a0\u202f\u2009"))
_FEE = ("percentage", "per_ticket_amount", "borne_by")
_PLACES = 4

_NO_IBAN = {
    InvalidChecksumDigits: "its check digits do not fit",
    InvalidCountryCode: "it begins with no country that has IBANs",
    InvalidLength: "it has not the length of its country's",
}
_NO_BIC = {
    InvalidCountryCode: "its fifth and sixth letters are no country",
    InvalidLength: "it has neither 8 nor 11 characters",
}


def code_problem(code: object) -> str | None:
    """What is wrong with the code of a payee or an event; None if nothing."""
    if isinstance(code, str) and _CODE.fullmatch(code):
        return None
    return f"{shown(code)} is no code: use letters, digits and .:_- , up to {MOST_CODE}"


def amount_problem(amount: Any, *, least: int = 0, most: int = MOST_MINOR_UNITS) -> str | None:
    """What is wrong with an amount of minor units, or another whole number; None if nothing."""
    if not is_whole(amount):
        return f"a whole number, not {shown(amount)}"
    if amount < least:
        return f"at least {least}, not {shown(amount)}"
    if amount > most:
        return f"at most {most}, not {shown(amount)}"
    return None


def day_problem(day: object) -> str | None:
    """What is wrong with a day; None if nothing."""
    if type(day) is not date:
        return f"{shown(day)} is no date"
    if not FIRST_DATE <= day <= LAST_DATE:
        return f"a day from {FIRST_DATE} to {LAST_DATE}, not {day}"
    return None


def check_iban(iban: object) -> str:
    """The IBAN in capitals and without spaces, or nothing: its country, length and check digits
    are right.

    Raises:
        InvalidIban
    """
    text = _bank_code(iban)
    if text is None:
        raise InvalidIban(iban=shown(iban), problem="it holds more than letters, digits and spaces")
    if not text:
        return ""
    try:
        return str(IBAN(text))
    except SchwiftyException as error:
        raise InvalidIban(iban=shown(iban), problem=_said(_NO_IBAN, error)) from None


def check_bic(bic: object, iban: str) -> str:
    """The BIC in capitals and without spaces, or nothing. `iban` is the checked one beside it:
    where the bank of an IBAN is known, its BIC has to be that bank's.

    Raises:
        InvalidBic
    """
    text = _bank_code(bic)
    if text is None:
        raise InvalidBic(bic=shown(bic), problem="it holds more than letters, digits and spaces")
    if not text:
        return ""
    try:
        found = BIC(text)
    except SchwiftyException as error:
        raise InvalidBic(bic=shown(bic), problem=_said(_NO_BIC, error)) from None
    expected = _bics_of(iban)
    if expected and found[:8] not in expected:
        known = " or ".join(expected[:3])
        raise InvalidBic(bic=shown(bic), problem=f"the bank of {iban} has {known}")
    return str(found)


def _bics_of(iban: str) -> list[str]:
    """The BICs of an IBAN's bank without the three letters of a branch, by any of which it can be
    asked; none where the bank is not known. Banks that have merged or grown have several."""
    account = IBAN(iban) if iban else None
    if account is None or account.bic is None:
        return []
    bics = [account.bic]
    with suppress(InvalidBankCode):
        bics += BIC.candidates_from_bank_code(account.country_code, account.bank_code)
    return list(dict.fromkeys(bic[:8] for bic in bics))


def parse_fee_policy(value: object) -> FeePolicy:
    """A fee as the API takes it: `{"percentage": "10", "per_ticket_amount": 50, "borne_by":
    "buyer"}`, each of the three optional.

    Raises:
        InvalidPayee: it is none, with the value at fault.
    """
    if not isinstance(value, Mapping):
        raise _no_fee(f'{shown(value)} is not an object like {{"percentage": "10"}}')
    unknown = [name for name in value if name not in _FEE]
    if unknown:
        raise _no_fee(f"there is no {shown(unknown[0])}, only {', '.join(_FEE)}")
    borne_by = value.get("borne_by", FeeBearer.ORGANIZER)
    if borne_by not in tuple(FeeBearer):
        raise _no_fee(f"borne_by is {' or '.join(FeeBearer)}, not {shown(borne_by)}")
    per_ticket = value.get("per_ticket_amount", 0)
    problem = amount_problem(per_ticket)
    if problem is not None:
        raise _no_fee(f"per_ticket_amount: {problem}")
    return FeePolicy(_percentage(value.get("percentage", 0)), per_ticket, FeeBearer(borne_by))


def _percentage(value: object) -> Decimal:
    """An exact percentage: a whole number, a Decimal or its text, and never a float."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = Decimal(value)
    if not is_whole(value) and not isinstance(value, Decimal):
        raise _no_fee(f'percentage is a text like "2.5", not {shown(value)}')
    number = Decimal(value)  # type: ignore[arg-type]
    if not number.is_finite() or not 0 <= number <= 100:
        raise _no_fee(f"percentage is 0 to 100, not {shown(value)}")
    rounded = round(number, _PLACES)
    if rounded != number:
        raise _no_fee(f"percentage has up to {_PLACES} decimals, {shown(value)} has more")
    return rounded


def _no_fee(problem: str) -> InvalidPayee:
    return InvalidPayee(field="fee_policy", problem=problem)


def _bank_code(value: object) -> str | None:
    """The text in capitals, without the spaces between its groups; None where it cannot be one."""
    if not isinstance(value, str) or text_problem(value, most=60) is not None:
        return None
    text = value.strip().translate(_SPACES)
    # Some letters become two others in capitals.
    return text.upper() if text.isascii() and (text.isalnum() or not text) else None


def _said(words: Mapping[type[SchwiftyException], str], error: SchwiftyException) -> str:
    known = [said for kind, said in words.items() if isinstance(error, kind)]
    return known[0] if known else "it is malformed"
