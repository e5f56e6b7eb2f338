"""Clients that keep their connections alive, in a process of their own: `python -m bench.load`.

Reads what to do as JSON on standard input and writes the latencies as JSON on standard output.
Knows just enough HTTP for our own server, so that measuring takes as little of the machine as it
can from what is measured.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Load:
    """What the clients ask for, for how long."""

    host: str
    port: int
    path: str
    key: str
    clients: int
    duration_s: float
    # Entries in each request: more than 1 is a bulk; 0 asks with GET and no credential.
    entries: int
    accounts: tuple[str, str]
    # Makes references that no other run has.
    run: str
    most_requests: int = 200_000


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of it: seconds for each request that was answered, and how long it all took."""

    latencies: list[float]
    seconds: float


async def put_load(load: Load) -> Answers:
    """All clients at once until the time is up; a request that has begun is waited for."""
    numbers = iter(range(load.most_requests))
    start = time.perf_counter()
    until = start + load.duration_s
    found = await asyncio.gather(*(_client(load, until, numbers) for _ in range(load.clients)))
    return Answers([s for latencies in found for s in latencies], time.perf_counter() - start)


async def _client(load: Load, until: float, numbers: Iterator[int]) -> list[float]:
    reader, writer = await asyncio.open_connection(load.host, load.port)
    latencies: list[float] = []
    for number in numbers:
        request = _request(load, number)
        sent = time.perf_counter()
        if sent > until:
            break
        writer.write(request)
        await _answer(reader, expected=b"200" if load.entries == 0 else b"201")
        latencies.append(time.perf_counter() - sent)
    writer.close()
    await writer.wait_closed()
    return latencies


async def _answer(reader: asyncio.StreamReader, *, expected: bytes) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            length = int(line[15:])
    body = await reader.readexactly(length)
    if head[9:12] != expected:
        raise RuntimeError(f"answered {head!r} {body[:500]!r}")


def _request(load: Load, number: int) -> bytes:
    host = f"Host: {load.host}:{load.port}\r\n"
    if not load.entries:
        return f"GET {load.path} HTTP/1.1\r\n{host}\r\n".encode()
    body = _body(load, number)
    return (
        f"POST {load.path} HTTP/1.1\r\n{host}Authorization: Api-Key {load.key}\r\n"
        f"Content-Type: application/json\r\nIdempotency-Key: {uuid4()}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def _body(load: Load, number: int) -> bytes:
    if load.entries == 1:
        return json.dumps(_entry(load, number)).encode()
    first = number * load.entries
    entries = [_entry(load, number) for number in range(first, first + load.entries)]
    return json.dumps({"entries": entries}).encode()


def _entry(load: Load, number: int) -> dict[str, object]:
    amount = 100 + number % 900
    one, other = load.accounts
    return {
        "reference": f"{load.run}-{number}",
        "effective_on": "2010-12-01",
        "description": "A sale",
        "lines": [{"account": one, "debit": amount}, {"account": other, "credit": amount}],
    }


def main() -> None:
    load = Load(**json.load(sys.stdin))
    json.dump(asdict(asyncio.run(put_load(load))), sys.stdout)


if __name__ == "__main__":
    main()
