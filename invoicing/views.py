"""The page that confirms a receipt to whoever holds it: public, and about that payment alone."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from core.api.errors import Throttled
from core.api.throttling import throttle
from invoicing.documents.content import Fact, Notice
from invoicing.documents.tokens import check_characters, read_receipt_token
from invoicing.documents.wording import written_day, written_money
from invoicing.errors import ForgedReceipt
from invoicing.selectors.receipts import Confirmation, Happened, Standing, confirm_receipt

# Of one address. Behind one there may be a whole company, and nobody can guess a token.
REQUESTS_PER_MINUTE = 300

# A receipt that is worth nothing any more is gone; one that was made up was never there.
STATUSES = {
    Standing.STANDS: HTTPStatus.OK,
    Standing.PARTLY_REFUNDED: HTTPStatus.OK,
    Standing.REFUNDED: HTTPStatus.GONE,
    Standing.TAKEN_BACK: HTTPStatus.GONE,
}
_HEADINGS = {
    Standing.STANDS: Notice("This receipt is genuine", "good"),
    Standing.PARTLY_REFUNDED: Notice("Genuine, but partly refunded since", "bad"),
    Standing.REFUNDED: Notice("Genuine, but refunded since", "bad"),
    Standing.TAKEN_BACK: Notice("Genuine, but the payment was taken back", "bad"),
}


@require_safe
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET /r/{token}: 200 genuine, 410 taken back or refunded in full, 404 not genuine."""
    try:
        throttle(f"receipt:{request.META.get('REMOTE_ADDR', '')}", most=REQUESTS_PER_MINUTE)
        organization_id, entry_id = read_receipt_token(token)
        confirmation = confirm_receipt(organization_id, entry_id)
    except Throttled as refusal:
        answer = _page("busy", HTTPStatus.TOO_MANY_REQUESTS, {})
        answer.headers["Retry-After"] = refusal.headers["Retry-After"]
        return answer
    except ForgedReceipt:
        return _page("forged", HTTPStatus.NOT_FOUND, {})
    return _page("confirmed", STATUSES[confirmation.standing], _said(confirmation, token))


def _page(name: str, status: HTTPStatus, context: dict[str, object]) -> HttpResponse:
    # Without the request: no session, no cookie, nobody's name.
    page = render_to_string(f"invoicing/receipts/{name}.html", context)
    headers = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
    return HttpResponse(page, status=status, headers=headers)


def _said(confirmation: Confirmation, token: str) -> dict[str, object]:
    amount = written_money(confirmation.amount, confirmation.currency)
    return {
        "heading": _HEADINGS[confirmation.standing],
        "seller": confirmation.seller,
        "amount": amount,
        "facts": [
            Fact("Paid on", written_day(confirmation.paid_on)),
            Fact("Method", confirmation.method),
            Fact("For invoice", confirmation.invoice_number),
        ],
        "since": _since(confirmation),
        "check": check_characters(token),
    }


def _since(confirmation: Confirmation) -> list[str]:
    """What happened to it and to its invoice, a sentence each."""
    said = []
    if confirmation.taken_back_on:
        said.append(f"The payment was taken back on {written_day(confirmation.taken_back_on)}.")
    said += [
        f"{_amount_on(refund, confirmation.currency)} was refunded."
        for refund in confirmation.refunds
    ]
    said += [
        f"{_amount_on(note, confirmation.currency)} of the invoice was credited"
        f" by credit note {note.number}."
        for note in confirmation.credit_notes
    ]
    return said


def _amount_on(happened: Happened, currency: str) -> str:
    return f"On {written_day(happened.on)}, {written_money(happened.amount, currency)}"
