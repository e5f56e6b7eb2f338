"""The token on a receipt: which ledger entry it is about, signed so that nobody else can make one.

Organization and entry are 16 bytes each, base64url; the signature is Django's HMAC-SHA256 with
SECRET_KEY (or one of SECRET_KEY_FALLBACKS, so that a key can be changed without voiding paper).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple
from uuid import UUID

from django.core.signing import BadSignature, Signer

from invoicing.errors import ForgedReceipt

# 43 characters of ids, a dot, 43 of signature.
_LENGTH = 87


class ReceiptToken(NamedTuple):
    organization_id: UUID
    entry_id: UUID


def sign_receipt(organization_id: UUID, entry_id: UUID) -> str:
    """The token of the receipt whose payment this entry posted; safe in a URL."""
    ids = urlsafe_b64encode(organization_id.bytes + entry_id.bytes).decode().rstrip("=")
    return _signer().sign(ids)


def read_receipt_token(token: str) -> ReceiptToken:
    """Whose payment a token names. The signature is compared in constant time, before anything
    is made of what it signs.

    Raises:
        ForgedReceipt: it was not signed here, or not in this form.
    """
    if len(token) != _LENGTH or not token.isascii():
        raise ForgedReceipt
    try:
        ids = urlsafe_b64decode(_signer().unsign(token) + "=")
    except BadSignature:
        raise ForgedReceipt from None
    return ReceiptToken(UUID(bytes=ids[:16]), UUID(bytes=ids[16:]))


def check_characters(token: str) -> str:
    """The end of the token in groups of four: what paper and page show, for people to compare."""
    end = token[-12:]
    return f"{end[:4]} {end[4:8]} {end[8:]}"


def _signer() -> Signer:
    return Signer(sep=".", salt="invoicing.receipt")
