"""pain.001 files: what the schema wants, to the cent, and the same bytes for the same content."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sepaxml
import xmlschema

from settlements.payout_files import Debtor, PayoutFile, PayoutOrder, write_pain001
from settlements.payout_files.content import sepa_text
from tests.settlements.market import IBAN, OTHER_IBAN

SCHEMA = "pain.001.001.09"
NAMES = {"p": f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"}

ORDER = PayoutOrder(
    end_to_end_id="0197f0a000007000800000000000000a-1",
    payee="ana",
    account_holder="Ana Events",
    iban=IBAN,
    bic="AIBKIE2D",
    amount=1_234_05,
    remittance="Settlement 3 through 2026-03-31 Market Ltd",
)
FILE = PayoutFile(
    message_id="0197f0a0000070008000000000000001",
    created_at=datetime(2026, 4, 1, 9, 30, 5, 123, tzinfo=UTC),
    executes_on=date(2026, 4, 2),
    currency="EUR",
    orders=[ORDER],
    debtor=Debtor("Market Ltd", OTHER_IBAN, "COBADEFFXXX"),
)


def written(file: PayoutFile = FILE, **changes: Any) -> ET.Element:
    return ET.fromstring(write_pain001(replace(file, **changes)))


def said(document: ET.Element, path: str) -> list[str]:
    found = document.findall("/".join(["."] + [f"p:{part}" for part in path.split("/")]), NAMES)
    return [element.text or "" for element in found]


def all_said(document: ET.Element, name: str) -> list[str]:
    return [element.text or "" for element in document.iterfind(f".//p:{name}", NAMES)]


def orders(*amounts: int) -> list[PayoutOrder]:
    return [
        replace(ORDER, amount=amount, end_to_end_id=f"{number:032x}-1")
        for number, amount in enumerate(amounts, start=1)
    ]


def test_is_what_the_schema_of_the_message_wants() -> None:
    folder = Path(sepaxml.__file__).parent / "schemas"
    content = write_pain001(replace(FILE, orders=orders(1, 2_00)))

    xmlschema.XMLSchema(folder / f"{SCHEMA}.xsd").validate(content.decode())


def test_says_who_pays_whom_how_much_when_and_why() -> None:
    document = written()

    block = "CstmrCdtTrfInitn/PmtInf"
    payment = f"{block}/CdtTrfTxInf"
    assert said(document, f"{block}/PmtMtd") == ["TRF"]
    assert said(document, f"{block}/PmtTpInf/SvcLvl/Cd") == ["SEPA"]
    assert said(document, f"{block}/ReqdExctnDt/Dt") == ["2026-04-02"]
    assert said(document, f"{block}/Dbtr/Nm") == ["Market Ltd"]
    assert said(document, f"{block}/DbtrAcct/Id/IBAN") == [OTHER_IBAN]
    assert said(document, f"{block}/DbtrAgt/FinInstnId/BICFI") == ["COBADEFFXXX"]
    assert said(document, f"{payment}/PmtId/EndToEndId") == [ORDER.end_to_end_id]
    assert said(document, f"{payment}/Amt/InstdAmt") == ["1234.05"]
    assert said(document, f"{payment}/Cdtr/Nm") == ["Ana Events"]
    assert said(document, f"{payment}/CdtrAcct/Id/IBAN") == [IBAN]
    assert said(document, f"{payment}/CdtrAgt/FinInstnId/BICFI") == ["AIBKIE2D"]
    assert said(document, f"{payment}/RmtInf/Ustrd") == [ORDER.remittance]


@pytest.mark.parametrize(
    ("amounts", "control_sum"),
    [
        ((1,), "0.01"),
        ((10,), "0.10"),
        ((99, 1), "1.00"),
        ((100_05, 200_10, 300_00), "600.15"),
        ((999_999_999_99, 1), "1000000000.00"),
    ],
)
def test_count_and_control_sum_are_those_of_its_payments(
    amounts: tuple[int, ...], control_sum: str
) -> None:
    document = written(orders=orders(*amounts))

    assert all_said(document, "CtrlSum") == [control_sum] * 2
    assert all_said(document, "NbOfTxs") == [str(len(amounts))] * 2
    read_back = sum(int(text.replace(".", "")) for text in all_said(document, "InstdAmt"))
    assert read_back == sum(amounts) == replace(FILE, orders=orders(*amounts)).control_sum
    assert len(said(document, "CstmrCdtTrfInitn/PmtInf")) == 1


def test_the_same_content_is_the_same_file() -> None:
    assert write_pain001(FILE) == write_pain001(FILE)


def test_ids_and_time_are_those_that_are_given() -> None:
    document = written()

    head = "CstmrCdtTrfInitn/GrpHdr"
    assert said(document, f"{head}/MsgId") == [FILE.message_id]
    assert said(document, f"{head}/CreDtTm") == ["2026-04-01T09:30:05"]
    assert said(document, "CstmrCdtTrfInitn/PmtInf/PmtInfId") == [f"{FILE.message_id}-1"]


def test_without_a_bic_the_bank_is_found_by_the_iban() -> None:
    document = written(orders=[replace(ORDER, bic="")], debtor=Debtor("Market Ltd", OTHER_IBAN))

    bank = "CstmrCdtTrfInitn/PmtInf/DbtrAgt/FinInstnId"
    assert said(document, f"{bank}/Othr/Id") == ["NOTPROVIDED"]
    assert all_said(document, "BICFI") == []
    assert all_said(document, "CdtrAgt") == []


def test_a_name_that_no_bank_can_write_becomes_the_payees_code() -> None:
    document = written(orders=[replace(ORDER, account_holder="🎪🎪", payee="circus_1")])

    assert said(document, "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/Cdtr/Nm") == ["circus-1"]


def test_where_not_even_the_code_can_be_written_the_payment_names_itself() -> None:
    document = written(orders=[replace(ORDER, account_holder="🎪", payee="_.:")])

    names = said(document, "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/Cdtr/Nm")
    assert names == [ORDER.end_to_end_id]


def test_markup_in_a_name_is_a_name() -> None:
    document = written(orders=[replace(ORDER, account_holder="</Nm><Evil>&amp;")])

    assert said(document, "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/Cdtr/Nm") == ["./Nm..Evil.+amp,"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Müller & Søn", "Muller + Son"),
        ("Ćevapi Škoda Łódź", "Cevapi Skoda Lodz"),
        ("Ελλάδα", "Ellada"),
        ("tickets@market_1", "tickets(at)market-1"),
        ("//double///slash/", "double/slash"),
        ("two\nlines\tand  spaces", "two lines and spaces"),
        ("100 % € “quoted”", "100 . EUR .quoted."),
        ("…", ""),
        ("", ""),
    ],
)
def test_texts_are_in_the_letters_that_every_bank_takes(text: str, expected: str) -> None:
    assert sepa_text(text, 70) == expected


@pytest.mark.parametrize("most", [70, 140])
def test_texts_are_no_longer_than_the_message_allows(most: int) -> None:
    assert sepa_text("ß" * 200, most) == "s" * most
    assert sepa_text("a" * (most - 1) + "/b", most) == "a" * (most - 1)
