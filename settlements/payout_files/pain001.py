"""Payouts as a SEPA credit transfer initiation, pain.001.001.09, written by sepaxml.

sepaxml makes ids at random and takes the time from the clock. Here all of that is given, so that
the same content is the same file.
"""

import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from typing import Any

import sepaxml
import xmlschema
from sepaxml import SepaTransfer

from settlements.payout_files.content import Debtor, PayoutFile, PayoutOrder, sepa_text

SCHEMA = "pain.001.001.09"
# The scheme's own limit for one payment, in cents.
MOST_CENTS = 999_999_999_99

_LONGEST_NAME, _LONGEST_REMITTANCE = 70, 140
# What a bank is told where it can find the BIC by the IBAN.
_NOT_PROVIDED = "NOTPROVIDED"


def write_pain001(file: PayoutFile) -> bytes:
    """One message with one block of payments: one debtor, one day, one currency.

    Raises:
        xmlschema.XMLSchemaValidationError: it is not what the schema wants; nobody should get it.
    """
    debtor = file.debtor
    assert debtor is not None  # noqa: S101
    transfer = _Transfer(file, debtor)
    for order in file.orders:
        transfer.add_payment(_payment(file, order))
    content: bytes = transfer.export(validate=False)
    schema().validate(content.decode())
    return content


@cache
def schema() -> xmlschema.XMLSchema:
    """The schema that sepaxml brings along, read once."""
    return xmlschema.XMLSchema(Path(sepaxml.__file__).parent / "schemas" / f"{SCHEMA}.xsd")


def _payment(file: PayoutFile, order: PayoutOrder) -> dict[str, Any]:
    payment: dict[str, Any] = {
        "name": _creditor(order),
        "IBAN": order.iban,
        "amount": order.amount,
        "execution_date": file.executes_on,
        "description": sepa_text(order.remittance, _LONGEST_REMITTANCE),
        "endtoend_id": order.end_to_end_id,
    }
    return payment | ({"BIC": order.bic} if order.bic else {})


def _creditor(order: PayoutOrder) -> str:
    """The holder's name, or the payee's code, or what at least names the payment."""
    names = (sepa_text(name, _LONGEST_NAME) for name in (order.account_holder, order.payee))
    return next(filter(None, names), order.end_to_end_id)


class _Transfer(SepaTransfer):  # type: ignore[misc]
    """Writes the ids and the time that are given where sepaxml has made up its own."""

    def __init__(self, file: PayoutFile, debtor: Debtor) -> None:
        self._file = file
        config = {
            "name": sepa_text(debtor.name, _LONGEST_NAME),
            "IBAN": debtor.iban,
            "batch": True,
            "currency": file.currency,
        }
        # Texts are in SEPA's letters already; sepaxml's own cleaning leaves more than those.
        super().__init__(config | ({"BIC": debtor.bic} if debtor.bic else {}), SCHEMA, clean=False)

    def _create_header(self) -> None:
        self.msg_id = self._file.message_id
        super()._create_header()
        created_at = self._file.created_at.replace(tzinfo=None).isoformat(timespec="seconds")
        self._set("CstmrCdtTrfInitn/GrpHdr/CreDtTm", created_at)

    def _finalize_batch(self) -> None:
        super()._finalize_batch()
        self._set("CstmrCdtTrfInitn/PmtInf/PmtInfId", f"{self._file.message_id}-1")
        bank = self._xml.find("CstmrCdtTrfInitn/PmtInf/DbtrAgt/FinInstnId")
        if not len(bank):
            ET.SubElement(ET.SubElement(bank, "Othr"), "Id").text = _NOT_PROVIDED

    def _set(self, path: str, text: str) -> None:
        self._xml.find(path).text = text
