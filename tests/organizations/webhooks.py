"""Operations' own server, as a test needs it: it speaks HTTP, keeps what it got, and has faults."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Webhook:
    """`answers` are given one after the other, the last one for ever: a status, `redirect`,
    `silent` (no answer at all), `drip` (a byte now and then), `hang up`, `nonsense`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[Any] = [204]
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.is_over = threading.Event()

    def contents(self) -> list[Any]:
        return [json.loads(body) for _, body in self.got]


class _Handler(BaseHTTPRequestHandler):
    webhook: Webhook

    def do_POST(self) -> None:
        webhook = self.webhook
        body = self.rfile.read(int(self.headers["Content-Length"]))
        webhook.paths.append(self.path)
        webhook.got.append(({name.lower(): text for name, text in self.headers.items()}, body))
        answer = webhook.answers.pop(0) if len(webhook.answers) > 1 else webhook.answers[0]
        if isinstance(answer, int):
            self.send_response(answer)
            self.end_headers()
        else:
            getattr(self, answer.replace(" ", "_"))()

    def do_GET(self) -> None:
        """Where a redirect would lead."""
        self.webhook.paths.append(f"GET {self.path}")
        self.send_response(200)
        self.end_headers()

    def redirect(self) -> None:
        self.send_response(302)
        self.send_header("Location", f"{self.webhook.url}/elsewhere")
        self.end_headers()

    def silent(self) -> None:
        self.webhook.is_over.wait(30)

    def drip(self) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300:
            if self.webhook.is_over.wait(0.05):
                return
            try:
                self.wfile.write(bytes([byte]))
            except OSError:
                return

    def hang_up(self) -> None:
        self.connection.close()

    def nonsense(self) -> None:
        self.wfile.write(b"220 smtp.example.com ready\r\n")

    def log_message(self, *_: Any) -> None:
        """Nothing: the test says what it saw."""


@contextmanager
def webhook_server() -> Iterator[Webhook]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    webhook = Webhook(f"http://127.0.0.1:{server.server_address[1]}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"webhook": webhook})
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield webhook
    finally:
        webhook.is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def within(seconds: float) -> "_Within":
    return _Within(seconds)


class _Within:
    """A block that takes no longer."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        self.began = time.monotonic()

    def __exit__(self, *_: Any) -> None:
        assert time.monotonic() - self.began < self.seconds
