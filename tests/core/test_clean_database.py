"""After a test that committed, the database is as the migrations left it."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from organizations.models import User
from tests import clean_database

pytestmark = pytest.mark.django_db(transaction=True)


def test_removes_what_was_written_and_restores_what_was_seeded():
    seeded = set(Permission.objects.values_list("codename", flat=True))
    User.objects.create_user("alice")
    Permission.objects.filter(codename__startswith="add").delete()
    Permission.objects.update(name="spoilt")

    clean_database.restore()

    assert not User.objects.exists()
    assert set(Permission.objects.values_list("codename", flat=True)) == seeded
    assert not Permission.objects.filter(name="spoilt").exists()


def test_leaves_the_triggers_on():
    clean_database.restore()

    with connection.cursor() as cursor:
        cursor.execute("SHOW session_replication_role")
        assert cursor.fetchone() == ("origin",)


def test_touches_no_real_books(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "NAME", "countinghouse")

    with pytest.raises(RuntimeError, match="not a test's database"):
        clean_database.restore()

    monkeypatch.undo()
