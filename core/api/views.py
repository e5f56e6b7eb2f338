"""The view below all others: one way in, one way out, and nothing on it that is not needed.

It is a REST framework view, so that drf-spectacular can describe it, but it takes a shorter way
than REST framework's own: one format, no content negotiation, no request wrapper.
"""

from collections.abc import Callable
from typing import Any, ClassVar, NoReturn

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.views import APIView

from core.api.bodies import parse_body, read_body
from core.api.errors import Malformed, MethodNotAllowed, answer_to, answer_to_refusal
from core.api.serializers import StrictSerializer
from core.errors import Refusal

SAFE = ("GET", "HEAD")

Handler = Callable[..., HttpResponseBase]


class ApiView(APIView):
    """One resource. Handlers are named after methods and return answers or raise."""

    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    authentication_classes = ()
    permission_classes = ()

    # The largest body that is taken, in bytes.
    largest_body: ClassVar[int] = 1_000_000

    request: Any
    body: bytes

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """From request to answer; every exception becomes one."""
        self.request = request
        self.kwargs = kwargs
        try:
            self.admit(request)
            handler = self.handler(request)
            self.authorize(request)
            self.body = b"" if request.method in SAFE else read_body(request, self.largest_body)
            return self.answer(handler, **kwargs)
        except Refusal as refusal:
            return self.refused(refusal)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            return answer_to(error, request)

    def refused(self, refusal: Refusal) -> HttpResponse:
        """The answer to a refusal; a view may name the place in the body more exactly."""
        return answer_to_refusal(refusal, self.request)

    def admit(self, request: HttpRequest) -> None:
        """Find out who asks; raises where nobody does who may."""

    def authorize(self, request: HttpRequest) -> None:
        """Whether who asks may use this method here."""

    def handler(self, request: HttpRequest) -> Handler:
        name = (request.method or "").lower()
        found = getattr(self, name, None) if name in self.http_method_names else None
        if found is None:
            allow = ", ".join(method for method in self.allowed_methods if method != "OPTIONS")
            raise MethodNotAllowed(f"{request.method} is not for this path.", Allow=allow)
        return found  # type: ignore[no-any-return]

    def answer(self, handler: Handler, **kwargs: Any) -> HttpResponseBase:
        """Call the handler; what has to surround it is put here."""
        return handler(self.request, **kwargs)

    def json(self) -> Any:
        """The body as strict JSON."""
        return parse_body(self.request, self.body)

    def read(self, schema: type[StrictSerializer], **kwargs: Any) -> dict[str, Any]:
        """The body, as `schema` has it; raises what becomes a 400."""
        return _validated(schema(data=self.json(), **kwargs))

    def query(self, schema: type[StrictSerializer]) -> dict[str, Any]:
        """The query's parameters, each known and given once."""
        given = self.request.GET
        for name, values in given.lists():
            if len(values) > 1:
                detail = ErrorDetail("It is given more than once.", code="repeated")
                raise ValidationError({name[:100]: [detail]})
        return _validated(schema(data=given.dict()))

    def no_query(self) -> None:
        """This endpoint takes no parameters; one that is given is a mistake."""
        if self.request.GET:
            self.query(StrictSerializer)


def _validated(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def refuse(attr: str, detail: str, code: str = "invalid") -> NoReturn:
    """A 400 about one field."""
    raise Malformed(detail, code=code, attr=attr)


def empty_answer() -> HttpResponse:
    """204."""
    return HttpResponse(status=204)
