"""A page that is sent twice is carried out once: a double click, or a browser that sends it again.

The page carries a name of its own; what came of it is stored under that name in the transaction
that did the work, as it is for programs that send an `Idempotency-Key`.
"""

import json
import re
import time
from collections.abc import Callable
from typing import NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from core.db import uuid7
from core.errors import Refusal
from organizations.admin.base import organization_of
from organizations.services.idempotency import (
    Answer,
    Claim,
    IdempotencyKeyInUse,
    answer_once,
    fingerprint_of,
)

FIELD = "_once"
# The second of two clicks waits for what the first one does.
_PATIENCE_S = 10.0
_LOOK_AGAIN_S = 0.1

_NAME = re.compile(r"[0-9a-f-]{36}", re.ASCII)


class Done(NamedTuple):
    """What to tell, and where to go on; `is_repeated` where it had been done before."""

    said: str
    url: str
    is_repeated: bool = False


def page_name(request: HttpRequest) -> str:
    """What a page calls itself: anew when it is opened, the same as long as it is corrected."""
    sent = request.POST.get(FIELD, "")
    return sent if _NAME.fullmatch(sent) else str(uuid7())


def do_once(request: HttpRequest, work: Callable[[], tuple[str, str]]) -> Done:
    """`work` says what to tell and where to go on. Raises as `make_once` does."""
    made, is_repeated = make_once(request, lambda: json.dumps(work()))
    said, url = json.loads(made)
    return Done(said, url, is_repeated)


def go_on(request: HttpRequest, done: Done) -> HttpResponse:
    """Tell what was done, and go on from there."""
    if done.is_repeated:
        messages.info(request, f"{done.said} It was sent twice, and done once.")
    else:
        messages.success(request, done.said)
    return HttpResponseRedirect(done.url)


def make_once(request: HttpRequest, work: Callable[[], str]) -> tuple[str, bool]:
    """Carry out what a page was sent for, unless the very same has been carried out. Returns what
    `work` returned, and whether it had been done before.

    A page without a name is carried out each time it is sent. What is refused is not stored: it
    may be sent again.

    Raises:
        What `work` is refused with; IdempotencyKeyInUse: the first is still under way.
    """
    name = request.POST.get(FIELD, "")
    if not _NAME.fullmatch(name):
        return work(), False
    content = fingerprint_of(str(request.user.pk).encode(), request.path.encode(), _sent(request))
    claim = Claim(organization_of(request).pk, f"page:{name}:{content}", content)

    def answer() -> Answer:
        return Answer(302, "application/json", work().encode())

    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            stored, is_repeated = answer_once(claim, answer, _refuse, timezone.now())
        except IdempotencyKeyInUse:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN_S)
        else:
            return stored.body.decode(), is_repeated


def _sent(request: HttpRequest) -> bytes:
    said = request.POST.copy()
    said.pop("csrfmiddlewaretoken", None)
    return said.urlencode().encode()


def _refuse(refusal: Refusal) -> Answer:
    raise refusal
