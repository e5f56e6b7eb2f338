"""The invoicing profile with its logo, and the number series, in the back-office."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from invoicing.models import NumberSeries
from invoicing.selectors.profile import get_profile
from invoicing.services.numbering import create_series
from organizations.models import AuditEvent
from tests.invoicing.pages import follow, listed, page, text_of
from tests.invoicing.selling import Till

PROFILE = "/admin/invoicing/invoicingprofile/"
LOGO = "/admin/invoicing/invoicingprofile/logo/"
SERIES_ADD = "/admin/invoicing/numberseries/add/"
FORM = {
    "legal_name": "Acme Limited",
    "tax_id": "",
    "address": "12 Foundry Lane",
    "email": "",
    "phone": "",
    "website": "",
    "footer": "",
    "paper": "a4",
    "rounding": "line",
    "payment_terms_days": "14",
    "_profile": "1",
}


def picture(format="PNG"):
    content = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(content, format)
    return SimpleUploadedFile("logo.png", content.getvalue(), "image/png")


def test_saves_the_profile_for_the_first_time_and_again(acme, olga, signed_in):
    client = signed_in(olga)

    follow(client, PROFILE, **FORM)
    follow(client, PROFILE, **{**FORM, "payment_terms_days": "21"})

    profile = get_profile(acme)
    assert (profile.legal_name, profile.rounding) == ("Acme Limited", "line")
    assert profile.payment_terms_days == 21
    assert AuditEvent.objects.of(acme).filter(action="change_profile").count() == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tax_id": "GB1"}, "is no VAT id"),
        ({"payment_terms_days": "366"}, "365"),
        ({"paper": "a3"}, "Select a valid choice"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_says_what_is_wrong_with_the_profile(acme, olga, signed_in, given, said):
    answer = signed_in(olga).post(PROFILE, {**FORM, **given})

    assert answer.status_code == 200
    assert said in text_of(answer)
    assert get_profile(acme).legal_name == ""


def test_uploads_shows_and_removes_the_logo(acme, olga, signed_in):
    client = signed_in(olga)

    client.post(PROFILE, {"_logo": "set", "logo": picture()})
    shown = client.get(PROFILE).content.decode()
    image = client.get(LOGO)
    client.post(PROFILE, {"_logo": "remove"})

    assert LOGO in shown
    assert (image.status_code, image.headers["Content-Type"]) == (200, "image/png")
    assert image.headers["Content-Disposition"] == "attachment"
    assert client.get(LOGO).status_code == 404


@pytest.mark.parametrize(
    "content",
    [b"", b"not a picture", b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>"],
)
def test_takes_nothing_but_a_picture(acme, olga, signed_in, content):
    sent = {"_logo": "set", "logo": SimpleUploadedFile("logo.svg", content, "image/svg+xml")}

    answer = signed_in(olga).post(PROFILE, sent)

    assert answer.status_code == 200
    assert get_profile(acme).logo is None


def test_asks_for_a_file(acme, olga, signed_in):
    assert "Choose a file." in text_of(signed_in(olga).post(PROFILE, {"_logo": "set"}))


def test_an_accountant_sees_the_profile_and_cannot_change_it(acme, alice, signed_in):
    client = signed_in(alice)

    shown = client.get(PROFILE).content.decode()

    assert "disabled" in shown
    assert "_profile" not in shown
    assert client.post(PROFILE, FORM).status_code == 403
    assert client.post(PROFILE, {"_logo": "set", "logo": picture()}).status_code == 403
    assert get_profile(acme).legal_name == ""


def test_another_organizations_profile_and_logo_are_not_shown(acme, olga, mallory, signed_in):
    client = signed_in(olga)
    follow(client, PROFILE, **FORM)
    client.post(PROFILE, {"_logo": "set", "logo": picture()})
    theirs = signed_in(mallory)

    assert "Acme Limited" not in theirs.get(PROFILE).content.decode()
    assert theirs.get(LOGO).status_code == 404
    assert theirs.get(page(get_profile(acme))).status_code == 404


# --- Number series --------------------------------------------------------------------------------


def test_adds_a_series_and_says_its_next_number(acme, carol, signed_in):
    client = signed_in(carol)
    sent = {"kind": "invoice", "code": "shop", "prefix": "S{yy}/", "width": "4"}

    answer = client.post(SERIES_ADD, sent)

    series = NumberSeries.objects.of(acme).get()
    assert answer.status_code == 302
    assert (series.prefix, series.width) == ("S{yy}/", 4)
    assert f"S{acme.today():%y}/0001" in text_of(client.get(listed("numberseries")))


def test_foretells_the_number_that_is_given_next(acme, as_alice, carol, signed_in):
    till = Till(as_alice)
    till.invoice(on=acme.today())
    shown = text_of(signed_in(carol).get(listed("numberseries")))

    following = till.invoice(on=acme.today())

    assert following.number in shown


def test_changes_prefix_and_width_but_neither_kind_nor_code(acme, as_olga, carol, signed_in):
    series = create_series(actor=as_olga, kind="invoice", code="shop", prefix="S-", width=4)
    sent = {"kind": "credit_note", "code": "other", "prefix": "T-", "width": "6"}

    signed_in(carol).post(page(series), sent)

    changed = NumberSeries.objects.of(acme).get()
    assert (changed.kind, changed.code) == ("invoice", "shop")
    assert (changed.prefix, changed.width) == ("T-", 6)


@pytest.mark.parametrize(
    ("prefix", "is_warned"), [("S-", True), ("", True), ("S{yy}/", False), ("S-{year}-", False)]
)
def test_warns_of_a_prefix_that_is_the_same_every_year(acme, carol, signed_in, prefix, is_warned):
    client = signed_in(carol)
    sent = {"kind": "invoice", "code": "shop", "prefix": prefix, "width": "4"}

    added = follow(client, SERIES_ADD, **sent)
    changed = follow(client, page(NumberSeries.objects.of(acme).get()), **sent)

    for said in (added, changed):
        assert ("neither {year} nor {yy}" in said) is is_warned


def test_says_no_warning_of_a_series_that_is_refused(carol, signed_in):
    said = follow(signed_in(carol), SERIES_ADD, kind="invoice", code="a b", prefix="S-", width="4")

    assert "letters, digits" in said
    assert "neither {year} nor {yy}" not in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"prefix": "INV-{month}-"}, "{year} or {yy}"),
        ({"width": "13"}, "less than or equal to 12"),
        ({"code": "a b"}, "letters, digits"),
        ({"kind": "receipt"}, "Select a valid choice"),
    ],
)
def test_says_what_is_wrong_with_a_series(acme, carol, signed_in, given, said):
    sent = {"kind": "invoice", "code": "shop", "prefix": "S-", "width": "4", **given}

    answer = signed_in(carol).post(SERIES_ADD, sent)

    assert answer.status_code == 200
    assert said in text_of(answer)
    assert not NumberSeries.objects.of(acme).exists()
