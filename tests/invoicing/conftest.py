"""What tests of invoicing share."""

from typing import Any

import pytest

from tests.api import send
from tests.invoicing.api import LINDQVIST, VAT, Shop, made


@pytest.fixture
def vat(api: Any) -> Any:
    """17.5 % in Britain."""
    return made(send(api, "POST", "/tax-rates", VAT))


@pytest.fixture
def lindqvist(api: Any) -> Any:
    """A customer in Britain."""
    return made(send(api, "POST", "/customers", LINDQVIST))


@pytest.fixture
def shop(api: Any, vat: Any) -> Shop:
    """A client of Acme's API that sells mugs under British VAT."""
    return Shop(api)
