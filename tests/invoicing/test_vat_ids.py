"""VAT ids, by the rules of the country that gave them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.errors import InvalidTaxId
from invoicing.vat_ids import MOST_TAX_ID, check_tax_id
from organizations.rules import is_storable


@pytest.mark.parametrize(
    ("tax_id", "country", "kept"),
    [
        # Of the EU: with or without the prefix, however it is written.
        ("DE136695976", "DE", "DE136695976"),
        (" de 136,695 976 ", "DE", "DE136695976"),
        ("136695976", "DE", "DE136695976"),
        ("FR 40 303 265 045", "FR", "FR40303265045"),
        ("ATU13585627", "AT", "ATU13585627"),
        # Greece is GR to ISO, and EL to the tax office.
        ("EL 094259216", "GR", "EL094259216"),
        ("GR094259216", "GR", "EL094259216"),
        ("094259216", "GR", "EL094259216"),
        # Britain, and Northern Ireland within it.
        ("GB 980 7806 84", "GB", "GB980780684"),
        ("980780684", "GB", "GB980780684"),
        ("XI980780684", "GB", "XI980780684"),
        # Registered in another country of the EU.
        ("DE136695976", "FR", "DE136695976"),
        ("DE136695976", "GB", "DE136695976"),
        ("DE136695976", "CH", "DE136695976"),
        # Elsewhere, where rules are known.
        ("NO 995 525 828 MVA", "NO", "995525828MVA"),
        ("CHE-107.787.577 IVA", "CH", "CHE107787577IVA"),
        ("83 914 571 673", "AU", "83914571673"),
        # Elsewhere, where they are not.
        ("12-3456789", "US", "12-3456789"),
        ("DE111111111", "US", "DE111111111"),
        # Without a country the prefix decides.
        ("FR40303265045", "", "FR40303265045"),
        ("gb980780684", "", "GB980780684"),
        ("12-3456789", "", "12-3456789"),
        ("", "DE", ""),
        ("  ", "", ""),
    ],
)
def test_is_kept_as_it_is_compared(tax_id, country, kept):
    assert check_tax_id(tax_id, country) == kept
    assert check_tax_id(kept, country) == kept


@pytest.mark.parametrize(
    ("tax_id", "country"),
    [
        ("DE136695977", "DE"),
        ("DE", "DE"),
        ("12345", "DE"),
        ("FR40303265046", "DE"),
        ("GB980780685", "GB"),
        ("GB980780684", "FR"),
        ("XI980780685", "GB"),
        ("995525829MVA", "NO"),
        ("DE136695977", ""),
        ("EL094259217", ""),
        ("GB980780685", ""),
        ("DE13669597\u0661", "DE"),
        ("a\x00b", "US"),
        ("Straße", "US"),
        ("\u202e123", "US"),
        ("1" * 41, "US"),
    ],
)
def test_refuses_one_with_the_value_and_the_country(tax_id, country):
    with pytest.raises(InvalidTaxId) as refused:
        check_tax_id(tax_id, country)

    said = ascii(tax_id)[1:-1]
    assert said in refused.value.message
    assert f"VAT id of {country}: " in refused.value.message or not country
    assert not refused.value.message.endswith("..")


@given(
    tax_id=st.text(max_size=MOST_TAX_ID + 1) | st.from_regex(r"\A[A-Z]{2}[0-9A-Z]{2,14}\Z"),
    country=st.sampled_from(["", "DE", "FR", "GR", "GB", "IE", "ES", "NO", "CH", "IN", "KE", "US"]),
)
def test_any_text_is_refused_or_can_be_kept(tax_id, country):
    try:
        kept = check_tax_id(tax_id, country)
    except InvalidTaxId:
        return

    assert len(kept) <= MOST_TAX_ID
    assert is_storable(kept)
    assert kept.isascii()
