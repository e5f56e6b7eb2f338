"""The web server lost in the middle of a load of sales and payments: who asks again with the same
key gets the answer, and nothing is lost, there twice, or numbered with a gap."""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import psutil
import pytest
from django.db import connection

from core.servers import PROJECT
from invoicing.models import FinancialTransaction, Invoice
from invoicing.selectors.reconciliation import check_invoices
from invoicing.services.issuing import invoice_order
from ledger.selectors.balances import balance_at
from organizations.actors import Actor
from organizations.models import AuditEvent
from tests.faults.programs import database_url_of_the_tests
from tests.invoicing.selling import BANK, CASH, RECEIVABLE, fresh, item

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SALES, PAYMENTS = 60, 60
SALE: dict[str, Any] = {
    "currency": "GBP",
    "items": [{"description": "Mug", "quantity": "1", "unit_amount": 2_50, "tax_rates": []}],
    "payment": {"method": "cash"},
}
PATIENCE_S = 40


class Web(NamedTuple):
    """A server of its own processes, on the database of the tests."""

    process: "subprocess.Popen[str]"
    port: int

    def kill_a_worker(self) -> None:
        psutil.Process(self.process.pid).children()[0].kill()

    def ask(self, key_text: str, path: str, content: Any, key: str) -> tuple[int, Any]:
        """The answer; 0 where there was none."""
        web = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {
            "Authorization": f"Api-Key {key_text}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        try:
            web.request("POST", f"/api/v1{path}", json.dumps(content), headers)
            answer = web.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            web.close()


@pytest.fixture
def web() -> Iterator[Web]:
    settings = {
        "DATABASE_URL": database_url_of_the_tests(),
        "BIND": "127.0.0.1:0",
        "WEB_CONCURRENCY": "2",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "config.wsgi"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=PROJECT,
        env={**os.environ, **settings},
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert "serves at" in said, said
        yield Web(process, int(said.rpartition(":")[2]))
    finally:
        process.terminate()
        process.wait(60)


def throw_out_everybody_else() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()"""
        )


def test_nothing_is_lost_and_nothing_is_there_twice(acme, key_text, web):
    actor = Actor.system(acme)
    owed = invoice_order(actor=actor, currency="GBP", items=[item(100_00)._replace(tax_codes=())])
    asked = [("/invoices", SALE, f"sale-{number}") for number in range(SALES)]
    pay = {"method": "bank", "amount": 7}
    for number in range(PAYMENTS):
        content = {**pay, "provider_reference": f"bank-{number}"}
        asked.insert(2 * number, (f"/invoices/{owed.pk}/payments", content, f"pay-{number}"))
    answered, failed = threading.Semaphore(0), []
    deadline = time.monotonic() + PATIENCE_S

    def insist(path: str, content: Any, key: str) -> Any:
        """Ask with one key until there is an answer."""
        try:
            while True:
                status, answer = web.ask(key_text, path, content, key)
                if status == 201:
                    return answer
                failed.append(status)
                assert status in (0, 409, 503), answer
                assert time.monotonic() < deadline, f"{key} is not answered"
                time.sleep(0.1)
        finally:
            answered.release()

    with ThreadPoolExecutor(6) as clients:
        answers = [clients.submit(insist, *one) for one in asked]
        for fault in (web.kill_a_worker, throw_out_everybody_else) * 2:
            for _ in range(20):
                assert answered.acquire(timeout=PATIENCE_S)
            fault()
        told = [one.result() for one in answers]

    assert failed, "nobody noticed"
    sold = Invoice.objects.of(acme).exclude(pk=owed.pk)
    paid = FinancialTransaction.objects.of(acme)
    assert {one["number"] for one in told if "number" in one} == {one.number for one in sold}
    assert {one["payment"]["id"] for one in told if "payment" in one} == {
        str(one.pk) for one in paid.filter(invoice_id=owed.pk)
    }
    assert (sold.count(), paid.count()) == (SALES, SALES + PAYMENTS)
    assert sorted(sold.values_list("sequence", flat=True)) == list(range(2, SALES + 2))
    assert fresh(owed).paid_amount == 7 * PAYMENTS
    assert (balance_at(acme, CASH), balance_at(acme, BANK)) == (2_50 * SALES, 7 * PAYMENTS)
    assert balance_at(acme, RECEIVABLE) == 100_00 - 7 * PAYMENTS
    events = AuditEvent.objects.of(acme)
    assert events.filter(action="invoice_issued").count() == SALES + 1
    assert events.filter(action="order_paid").count() == SALES
    assert check_invoices(acme).findings == []
