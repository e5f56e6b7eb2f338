"""The register of checks, the runs that are kept, and the command."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from ledger import reconciliation
from ledger.drafts import credit, debit
from ledger.models import ReconciliationRun
from ledger.reconciliation import CheckResult, Finding, UnknownCheck, register, run_checks
from ledger.services.cashbook import record_cash_entry
from ledger.services.reconciliation import record_run
from organizations.models import AuditEvent

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

FINDING = Finding(
    organization="acme",
    row="invoice",
    id="7",
    name="INV-7",
    problem="paid_amount_is_off",
    expected="100",
    got="90",
    detail="GBP",
    message="INV-7 says 100, the ledger 90",
)


@pytest.fixture
def checks(monkeypatch):
    """A register of its own: `invoices` finds one mismatch, `wallets` none."""
    monkeypatch.setattr(reconciliation, "_checks", {})
    register("wallets", lambda organization: CheckResult("wallets"))
    register("invoices", lambda organization: CheckResult("invoices", [FINDING], 1))


@pytest.fixture
def off(post, by_force):
    """An entry whose total is off."""
    entry = post(debit("1000", 100), credit("4000", 100), reference="sale")
    by_force("UPDATE ledger_journalentry SET total_amount = 99 WHERE id = %s", entry.pk)
    return entry


def test_runs_what_is_registered_by_name(acme, checks):
    results = run_checks(acme)

    assert [(result.name, result.passed) for result in results] == [
        ("invoices", False),
        ("wallets", True),
    ]
    assert results[0].findings == [FINDING]


def test_runs_what_is_asked_for_once(acme, checks):
    assert [result.name for result in run_checks(acme, ["wallets", "wallets"])] == ["wallets"]


def test_refuses_a_check_that_there_is_not(acme, checks):
    with pytest.raises(UnknownCheck) as refused:
        run_checks(acme, ["wallets", "tills"])

    assert (refused.value.check, refused.value.known) == ("tills", "invoices, wallets")


def test_the_ledger_brings_its_own_checks():
    assert {"cashbook", "integrity"} <= set(reconciliation.check_names())


def test_says_in_json_whether_everything_ties(acme, checks):
    shown = reconciliation.as_json(run_checks(acme))

    assert shown["ties"] is False
    assert shown["checks"][0]["findings"][0]["message"] == "INV-7 says 100, the ledger 90"
    assert shown["checks"][1] == {
        "name": "wallets",
        "passed": True,
        "mismatch_count": 0,
        "findings": [],
    }


def test_keeps_a_row_for_each_check_with_its_findings(acme, system, checks):
    record_run(actor=system, now=NOON)

    invoices, wallets = ReconciliationRun.objects.of(acme).order_by("check_name")
    assert (invoices.ties, invoices.mismatch_count) == (False, 1)
    assert invoices.findings == [FINDING.as_json()]
    assert (wallets.ties, wallets.mismatch_count, wallets.findings) == (True, 0, [])
    assert invoices.started_at == NOON
    assert invoices.ended_at >= NOON


def test_leaves_an_audit_event(acme, system, checks):
    runs = record_run(actor=system)

    event = AuditEvent.objects.of(acme).get(action="reconcile")
    assert set(event.subject_ids) == {run.pk for run in runs}
    assert event.facts["mismatches"] == {"invoices": 1, "wallets": 0}


def test_keeps_nothing_where_a_check_is_unknown(acme, system, checks):
    with pytest.raises(UnknownCheck):
        record_run(actor=system, names=["invoices", "tills"])

    assert not ReconciliationRun.objects.exists()


def test_a_run_is_kept_for_ever(acme, system, checks):
    record_run(actor=system)
    runs = ReconciliationRun.objects.of(acme)

    with pytest.raises(IntegrityError), transaction.atomic():
        runs.update(mismatch_count=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        runs.delete()


def test_the_ledgers_own_checks_find_what_is_off(acme, system, off):
    runs = {run.check_name: run for run in record_run(actor=system)}

    assert runs["cashbook"].ties
    assert runs["integrity"].mismatch_count == 1
    assert runs["integrity"].findings[0]["name"] == "sale"


# --- The command ----------------------------------------------------------------------------------


def run(*arguments):
    """(exit status, standard output) of reconcile."""
    output = StringIO()
    try:
        call_command("reconcile", *arguments, stdout=output)
    except SystemExit as ended:
        return ended.code, output.getvalue()
    return 0, output.getvalue()


def test_the_command_records_all_checks_of_all_organizations(acme, mallory_ltd, system):
    record_cash_entry(actor=system, kind="REVENUE", amount=1_00, currency="GBP")

    status, output = run()

    assert status == 0
    assert "acme: cashbook: ties" in output
    assert "mallory-ltd: integrity: ties" in output
    organizations = set(ReconciliationRun.objects.values_list("organization__slug", flat=True))
    assert organizations == {"acme", "mallory-ltd"}


def test_the_command_names_mismatches_and_fails(acme, off):
    status, output = run("--organization", "acme", "--check", "integrity")

    assert status == 1
    assert "acme: integrity: 1 mismatches" in output
    assert "sale says that its total is 99 GBP" in output
    assert ReconciliationRun.objects.of(acme).get().check_name == "integrity"


def test_the_command_refuses_a_check_that_there_is_not(acme):
    with pytest.raises(CommandError, match="There is no check tills"):
        run("--organization", "acme", "--check", "tills")
