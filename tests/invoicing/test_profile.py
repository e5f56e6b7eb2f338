"""How an organization says how it appears on its documents."""

import pytest

from invoicing.documents import invoice_document, render_pdf
from invoicing.errors import InvalidLogo, InvalidProfile, InvalidTaxId
from invoicing.models import InvoicingProfile
from invoicing.selectors.profile import get_profile
from invoicing.services.profile import change_profile, set_logo
from organizations.models import AuditEvent
from tests.invoicing.reading import SQUARE
from tests.invoicing.selling import Till, fresh, refused
from tests.invoicing.test_logos import picture, svg

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_given_changes_and_the_rest_stays(acme, as_olga):
    change_profile(actor=as_olga, legal_name="Acme Trading Ltd", payment_terms_days=14)

    changed = change_profile(actor=as_olga, footer=" IBAN GB33 \n", paper="us-letter")

    assert get_profile(acme) == changed
    stored = get_profile(acme)
    assert (stored.legal_name, stored.payment_terms_days) == ("Acme Trading Ltd", 14)
    assert (stored.footer, stored.paper, stored.rounding) == ("IBAN GB33", "us-letter", "document")
    assert InvoicingProfile.objects.of(acme).count() == 1


def test_a_change_leaves_before_and_after_in_the_trail_and_none_leaves_nothing(acme, as_olga):
    change_profile(actor=as_olga, phone="1")
    change_profile(actor=as_olga, phone="2", email="")
    change_profile(actor=as_olga, phone="2")

    trail = AuditEvent.objects.of(acme).filter(action="change_profile").order_by("occurred_at")

    assert [(event.before, event.after) for event in trail] == [
        ({"phone": ""}, {"phone": "1"}),
        ({"phone": "1"}, {"phone": "2"}),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"legal_name": "x" * 201},
        {"legal_name": "a\x00b"},
        {"legal_name": "a\tb"},
        {"footer": "a\x07b"},
        {"legal_name": None},
        {"address": "x" * 501},
        {"footer": "x" * 1001},
        {"email": "nobody"},
        {"paper": "a3"},
        {"paper": None},
        {"rounding": "up"},
        {"payment_terms_days": -1},
        {"payment_terms_days": 366},
        {"payment_terms_days": True},
        {"payment_terms_days": "14"},
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_name(acme, as_olga, changes):
    [field] = changes

    with refused(InvalidProfile, acme) as caught:
        change_profile(actor=as_olga, phone="1", **changes)

    assert caught.value.attr == field


def test_a_vat_id_has_to_be_one(acme, as_olga):
    with refused(InvalidTaxId, acme):
        change_profile(actor=as_olga, tax_id="GB000000001")


def test_a_field_that_there_is_not_is_a_mistake(as_olga):
    with pytest.raises(TypeError, match="logo"):
        change_profile(actor=as_olga, logo=b"x")


@pytest.mark.parametrize(
    "content", [picture("PNG"), picture("JPEG"), picture("JPEG", mode="CMYK"), SQUARE]
)
def test_a_logo_stands_on_every_document_from_then_on(as_olga, as_alice, content):
    invoice = Till(as_alice).invoice()
    before = render_pdf(invoice_document(invoice))

    set_logo(actor=as_olga, content=content)

    document = invoice_document(fresh(invoice))
    assert document.letterhead.logo is not None
    assert document.letterhead.logo.content == content
    assert len(render_pdf(document)) > len(before)


def test_a_logo_can_be_taken_away_again(acme, as_olga):
    set_logo(actor=as_olga, content=SQUARE)

    set_logo(actor=as_olga, content=None)

    profile = get_profile(acme)
    assert (profile.logo, profile.logo_type) == (None, "")
    trail = AuditEvent.objects.of(acme).filter(action="set_logo").order_by("occurred_at")
    assert [event.after for event in trail] == [
        {"logo_type": "image/svg+xml", "bytes": len(SQUARE)},
        {"logo_type": "", "bytes": 0},
    ]


@pytest.mark.parametrize("content", [b"", b"hello", picture("GIF"), svg("<script/>")])
def test_wrong_content_is_refused_and_the_logo_stays(acme, as_olga, content):
    set_logo(actor=as_olga, content=SQUARE)

    with refused(InvalidLogo, acme):
        set_logo(actor=as_olga, content=content)


def test_what_cannot_be_drawn_is_refused(acme, as_olga):
    nothing = b'<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0"/>'

    with refused(InvalidLogo, acme):
        set_logo(actor=as_olga, content=nothing)


def test_each_organization_has_its_own(acme, mallory_ltd, as_olga, as_mallory):
    change_profile(actor=as_olga, legal_name="Acme Trading Ltd")

    change_profile(actor=as_mallory, legal_name="Mallory Trading Ltd")

    assert get_profile(acme).legal_name == "Acme Trading Ltd"
    assert get_profile(mallory_ltd).legal_name == "Mallory Trading Ltd"
