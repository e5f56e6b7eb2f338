"""A signed POST to somebody else's server, by Standard Webhooks (standardwebhooks.com)."""

import base64
import hashlib
import hmac
import http.client
import ipaddress
import json
import secrets
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from organizations.rules import check_webhook_url

CONNECT_TIMEOUT_S = 5.0
# From the first byte that is sent to the status line, however slowly the other side speaks.
ANSWER_TIMEOUT_S = 10.0
LEADING = "whsec_"
SECRET_BYTES = 32

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# What NAT64 translates (RFC 6052), and what IPv4 was once embedded in (RFC 4291).
_ENDS_IN_IPV4 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))


class WebhookFailed(Exception):
    """The other side did not take the message."""


def new_webhook_secret() -> str:
    return LEADING + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature_of(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over id, timestamp and body, joined by full stops."""
    key = base64.b64decode(secret.removeprefix(LEADING))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def post_signed(
    url: str, secret: str, *, message_id: str, content: Mapping[str, Any], now: datetime
) -> None:
    """Post JSON; returns when the other side has answered 2xx. Redirects are not followed.

    Raises:
        WebhookFailed: any other answer, or none in time.
    """
    body = json.dumps(content, separators=(",", ":")).encode()
    timestamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Countinghouse",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature_of(secret, message_id, timestamp, body),
    }
    try:
        with _connection(urlsplit(check_webhook_url(url))) as (connection, target):
            connection.request("POST", target, body, headers)
            status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise WebhookFailed(f"no answer: {type(error).__name__}: {error}"[:300]) from error
    if not 200 <= status < 300:
        raise WebhookFailed(f"answered {status}")


@contextmanager
def _connection(parts: SplitResult) -> Iterator[tuple[http.client.HTTPConnection, str]]:
    """A connection to the URL's host that is cut when its time is over, and the request target."""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    is_https = parts.scheme == "https"
    opened = _open_socket(host, port)
    # A time-out of the socket counts from byte to byte; this one counts from the start.
    cut = threading.Timer(ANSWER_TIMEOUT_S, _cut, [opened])
    cut.daemon = True
    cut.start()
    try:
        if is_https:
            context = ssl.create_default_context()
            opened = context.wrap_socket(opened, server_hostname=host)
            cut.args = (opened,)
        speaks = http.client.HTTPSConnection if is_https else http.client.HTTPConnection
        connection = speaks(host, port, timeout=ANSWER_TIMEOUT_S)
        connection.sock = opened
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        yield connection, target
    finally:
        cut.cancel()
        opened.close()


def _cut(opened: socket.socket) -> None:
    with suppress(OSError):
        opened.shutdown(socket.SHUT_RDWR)


def _open_socket(host: str, port: int) -> socket.socket:
    """Connect to an address of the host that alerts may go to: the one that was checked is the
    one that is spoken to, whatever the name says a moment later."""
    last: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        if not _may_be_reached(str(address[0])):
            last = PermissionError(f"{address[0]} is not a public address")
            continue
        candidate = socket.socket(family, kind, protocol)
        candidate.settimeout(CONNECT_TIMEOUT_S)
        try:
            candidate.connect(address)
        except OSError as error:
            candidate.close()
            last = error
        else:
            candidate.settimeout(ANSWER_TIMEOUT_S)
            return candidate
    raise last


def _may_be_reached(address: str) -> bool:
    """An owner of books is not an operator: in production their webhook reaches what is public."""
    if settings.WEBHOOKS_MAY_BE_PRIVATE:
        return True
    found = ipaddress.ip_address(address.split("%")[0])
    return _is_public(found) and all(map(_is_public, _led_to(found)))


def _is_public(address: _Address) -> bool:
    is_of_a_site = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not address.is_multicast and not is_of_a_site


def _led_to(address: _Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses to which a gateway may pass on what is sent to an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.sixtofour is not None:
            yield address.sixtofour
        if any(address in network for network in _ENDS_IN_IPV4):
            yield ipaddress.IPv4Address(address.packed[-4:])
