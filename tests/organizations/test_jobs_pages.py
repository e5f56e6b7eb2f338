"""Runs of jobs and the outbox in the back-office and over the API; schedules for operators."""

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from organizations.admin import schedules
from organizations.models import JobOutcome, JobRun, User
from organizations.services.alerts import raise_alert
from organizations.services.jobs import recorded_job
from tests.api import send

pytestmark = pytest.mark.django_db

RUNS = "/admin/organizations/jobrun/"
OUTBOX = "/admin/organizations/outboxmessage/"
SCHEDULES = "/admin/django_celery_beat/periodictask/"
FOUND = {"check": "integrity", "name": "sale-7", "message": "sale-7 does not balance"}


def run(organization, name="reconcile", found=0):
    with recorded_job(organization, name) as job:
        job.count(checks=3)
        job.mismatch([FOUND] * found, found)
    return JobRun.objects.of(organization).get(pk=job.run_id)


def shown(client, url, **query):
    answer = client.get(url, query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", ["olga", "carol", "alice", "bob"])
def test_who_keeps_or_audits_the_books_sees_the_runs(acme, name, signed_in, request):
    run(acme)

    page = shown(signed_in(request.getfixturevalue(name)), RUNS)

    assert "Reconcile" in page
    assert "Succeeded" in page
    assert "checks 3" in page


def test_the_cashier_sees_none(acme, dan, signed_in):
    assert signed_in(dan).get(RUNS).status_code == 403


def test_another_organizations_runs_are_not_there(acme, mallory_ltd, bob, signed_in):
    theirs = run(mallory_ltd, "settle")
    client = signed_in(bob)

    assert "No job has run yet" in shown(client, RUNS)
    assert client.get(f"{RUNS}{theirs.pk}/change/").status_code == 404


def test_a_run_shows_its_counts_and_each_mismatch(acme, bob, signed_in):
    one = run(acme, found=2)

    page = shown(signed_in(bob), f"{RUNS}{one.pk}/change/")

    assert "Mismatched" in page
    assert page.count("sale-7 does not balance") == 2
    assert "<th>Message</th>" in page


def test_a_run_that_is_clean_says_so(acme, bob, signed_in):
    one = run(acme)

    assert "None: everything agrees." in shown(signed_in(bob), f"{RUNS}{one.pk}/change/")


def test_a_run_goes_on(acme, bob, signed_in):
    one = JobRun.objects.create(organization=acme, name="settle", started_at=timezone.now())

    assert "still running" in shown(signed_in(bob), f"{RUNS}{one.pk}/change/")


def test_runs_cannot_be_changed_or_deleted(acme, olga, signed_in):
    one = run(acme)
    client = signed_in(olga)

    assert client.post(f"{RUNS}{one.pk}/change/", {"outcome": "lost"}).status_code == 403
    assert client.post(f"{RUNS}{one.pk}/delete/").status_code == 403


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"job": "settle"}, {"settle"}),
        ({"outcome__exact": "mismatched"}, {"reconcile"}),
        ({"job": "nonsense"}, {"settle", "reconcile"}),
    ],
)
def test_runs_are_filtered(acme, bob, signed_in, query, names):
    run(acme, "settle")
    run(acme, "reconcile", found=1)

    found = signed_in(bob).get(RUNS, query).context["cl"].result_list

    assert {one.name for one in found} == names


def test_the_outbox_shows_what_waits_and_why(acme, bob, signed_in):
    with transaction.atomic():
        raise_alert(acme, "mismatches", message="3 mismatches")
    client = signed_in(bob)

    assert "waiting" in shown(client, OUTBOX)
    assert "Nothing was to be delivered" not in shown(client, OUTBOX, state="waiting")
    assert list(client.get(OUTBOX, {"state": "failing"}).context["cl"].result_list) == []


def test_the_api_lists_runs(acme, mallory_ltd, api):
    run(mallory_ltd)
    run(acme, "settle")
    one = run(acme, found=1)

    answer = send(api, "GET", "/job-runs?outcome=mismatched").json()

    assert [found["id"] for found in answer["results"]] == [str(one.pk)]
    assert answer["results"][0]["mismatches"] == [FOUND]
    assert answer["results"][0]["counts"] == {"checks": 3}
    assert len(send(api, "GET", "/job-runs").json()["results"]) == 2
    assert len(send(api, "GET", "/job-runs?name=settle").json()["results"]) == 1


def test_the_api_names_a_run_that_goes_on(acme, api):
    JobRun.objects.create(organization=acme, name="settle", started_at=timezone.now())

    [found] = send(api, "GET", "/job-runs").json()["results"]

    assert (found["outcome"], found["ended_at"]) == (JobOutcome.RUNNING, None)


def test_the_api_refuses_an_outcome_that_is_none(api):
    assert send(api, "GET", "/job-runs?outcome=odd").status_code == 400


@pytest.fixture
def operator(client, db):
    client.force_login(User.objects.create_superuser("root", password="right"))
    return client


def test_an_operator_changes_a_schedule(operator):
    task = PeriodicTask.objects.get(name="Reconcile the books")
    url = reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])

    page = shown(operator, url)
    answer = operator.post(
        url,
        {
            "name": task.name,
            "description": "At night",
            "regtask": task.task,
            "interval": task.interval_id,
            "kwargs": "{}",
            "expire_seconds": "600",
        },
    )

    assert "ledger.tasks.reconcile_all" in page
    assert answer.status_code == 302, answer.context["errors"]
    task.refresh_from_db()
    assert (task.enabled, task.description, task.expire_seconds) == (False, "At night", 600)
    assert task.task == "ledger.tasks.reconcile_all"


def test_an_operator_makes_a_schedule(operator):
    shown(operator, f"{SCHEDULES}add/")
    interval = PeriodicTask.objects.get(name="Reconcile the books").interval_id

    answer = operator.post(
        f"{SCHEDULES}add/",
        {
            "name": "Reconcile again",
            "regtask": "ledger.tasks.reconcile_all",
            "enabled": "on",
            "interval": interval,
            "kwargs": "{}",
        },
    )

    assert answer.status_code == 302, answer.context["errors"]
    assert PeriodicTask.objects.get(name="Reconcile again").task == "ledger.tasks.reconcile_all"


def test_a_schedule_says_what_is_wrong_with_it(operator):
    answer = operator.post(f"{SCHEDULES}add/", {"name": "Nothing", "kwargs": "{"})

    assert answer.status_code == 200
    assert not PeriodicTask.objects.filter(name="Nothing").exists()


@pytest.mark.parametrize("model", ["intervalschedule", "crontabschedule"])
def test_an_operator_sees_when(operator, model):
    shown(operator, f"/admin/django_celery_beat/{model}/")
    shown(operator, f"/admin/django_celery_beat/{model}/add/")


def test_schedules_say_how_often_they_run(operator):
    page = shown(operator, SCHEDULES)

    assert "Deliver what waits in the outbox" in page
    assert "every minute" in page


def test_an_owner_is_no_operator(olga, signed_in):
    assert signed_in(olga).get(SCHEDULES).status_code == 403


@pytest.mark.parametrize(
    ("is_there", "said"), [(True, "is started."), (False, "The broker is away")]
)
def test_an_operator_starts_a_task_now(operator, monkeypatch, is_there, said):
    started: list[str] = []

    def publish(task, **options):
        started.append(task.name)
        return is_there

    monkeypatch.setattr(schedules, "publish", publish)
    task = PeriodicTask.objects.get(name="Reconcile the books")

    answer = operator.post(
        SCHEDULES, {"action": "run_tasks", "_selected_action": [task.pk]}, follow=True
    )

    assert started == ["ledger.tasks.reconcile_all"]
    assert said in answer.content.decode()
