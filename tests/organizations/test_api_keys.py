"""API keys: shown once, kept as a hash, good for their scopes and for as long as they last."""

import re
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from organizations.errors import (
    ApiKeyNotFound,
    ExpiryInThePast,
    InvalidName,
    NoScopes,
    UnknownScope,
)
from organizations.keys import parse_key, secret_hash
from organizations.models import ApiKey, ApiKeyPrefix, AuditEvent
from organizations.selectors import find_api_key
from organizations.services.keys import create_api_key, revoke_api_key, touch_api_key

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def secret_of(text):
    parsed = parse_key(text)
    assert parsed is not None
    return parsed[1]


def found_by(text, now=NOW):
    api_key = find_api_key(text, now)
    assert api_key is not None
    return api_key


def test_makes_a_key_that_is_found_by_its_text(acme, as_olga):
    api_key, text = create_api_key(actor=as_olga, name=" Shop ", scopes=["ledger:read"])

    found = found_by(text)
    assert found == api_key
    assert (found.organization, found.name, found.scopes) == (acme, "Shop", ["ledger:read"])
    assert found.created_by == as_olga.user


def test_the_text_is_a_prefix_of_12_and_a_secret_of_32_random_bytes(as_olga):
    api_key, text = create_api_key(actor=as_olga, name="Shop", scopes=["*"])
    _, other = create_api_key(actor=as_olga, name="Shop", scopes=["*"])

    assert re.fullmatch(r"ch_[a-z0-9]{12}_[A-Za-z0-9_-]{43}", text)
    assert text.split("_")[1] == api_key.prefix
    assert secret_of(text) != secret_of(other)


def test_the_secret_is_kept_nowhere(acme, as_olga):
    api_key, text = create_api_key(actor=as_olga, name="Shop", scopes=["*"])
    secret = secret_of(text)

    kept = ApiKey.objects.of(acme).values_list().get()
    event = AuditEvent.objects.of(acme).values_list().get(action="create_api_key")
    assert secret not in repr(kept) + repr(event)
    assert api_key.secret_hash == secret_hash(secret)


def test_the_key_and_its_prefix_are_written_together(acme, as_olga):
    api_key, _ = create_api_key(actor=as_olga, name="Shop", scopes=["*"])

    prefix = ApiKeyPrefix.objects.get(prefix=api_key.prefix)
    assert (prefix.organization, prefix.key_id) == (acme, api_key.pk)


def test_making_a_key_leaves_an_audit_row(acme, as_olga):
    api_key, _ = create_api_key(actor=as_olga, name="Shop", scopes=["audit:read"])

    event = AuditEvent.objects.of(acme).get(action="create_api_key")
    assert (event.subject_ids, event.user) == ([api_key.pk], as_olga.user)
    assert event.after["scopes"] == ["audit:read"]


def test_a_scope_given_twice_is_kept_once(as_olga):
    scopes = ["ledger:write", "ledger:read", "ledger:write"]

    api_key, _ = create_api_key(actor=as_olga, name="Shop", scopes=scopes)

    assert api_key.scopes == ["ledger:write", "ledger:read"]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"scopes": ["ledger:admin"]}, UnknownScope),
        ({"scopes": ["ledger:read", ""]}, UnknownScope),
        ({"scopes": ["LEDGER:READ"]}, UnknownScope),
        ({"scopes": []}, NoScopes),
        ({"name": " "}, InvalidName),
        ({"name": "x" * 101}, InvalidName),
        ({"expires_at": NOW}, ExpiryInThePast),
        ({"expires_at": NOW - timedelta(days=1)}, ExpiryInThePast),
    ],
)
def test_refuses_a_key_that_makes_no_sense_and_writes_nothing(as_olga, values, error):
    given = {"name": "Shop", "scopes": ["*"]} | values

    with pytest.raises(error):
        create_api_key(actor=as_olga, now=NOW, **given)

    assert not ApiKey.objects.exists()
    assert not ApiKeyPrefix.objects.exists()


def test_an_expired_key_is_not_found_from_that_moment_on(acme, make_key):
    expires_at = NOW + timedelta(hours=1)
    _, text = make_key(acme, expires_at=expires_at, now=NOW)

    assert find_api_key(text, expires_at - timedelta(seconds=1)) is not None
    assert find_api_key(text, expires_at) is None


def test_a_revoked_key_is_not_found_and_stays_revoked(acme, make_key, as_olga):
    api_key, text = make_key(acme)

    revoke_api_key(actor=as_olga, api_key=api_key, now=NOW)
    revoke_api_key(actor=as_olga, api_key=api_key, now=NOW + timedelta(days=1))

    assert find_api_key(text, NOW) is None
    assert ApiKey.objects.of(acme).get().revoked_at == NOW
    assert AuditEvent.objects.of(acme).filter(action="revoke_api_key").count() == 1


def test_a_key_of_another_organization_cannot_be_revoked(acme, make_key, as_mallory):
    api_key, text = make_key(acme)

    with pytest.raises(ApiKeyNotFound):
        revoke_api_key(actor=as_mallory, api_key=api_key)

    assert find_api_key(text, NOW) == api_key


def test_a_key_with_another_keys_prefix_is_not_found(acme, mallory_ltd, make_key):
    mine, text = make_key(acme)
    _, other = make_key(mallory_ltd)

    assert find_api_key(f"ch_{mine.prefix}_{secret_of(other)}", NOW) is None
    assert found_by(text).organization == acme


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1],
        lambda text: text + "A",
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
        lambda text: text.upper(),
        lambda text: " " + text,
        lambda text: text + "\n",
        lambda text: text.replace("ch_", "xx_"),
        lambda text: text.replace("_", "\x00"),
        lambda text: "ch_" + "a" * 12 + text[15:],
        lambda _: "",
        lambda _: "ch__",
        lambda _: "ch_" + "9" * 1_000_000,
    ],
)
def test_anything_but_the_exact_text_is_not_found(acme, make_key, spoil):
    _, text = make_key(acme)

    assert find_api_key(spoil(text), NOW) is None


def test_a_known_prefix_costs_one_statement(acme, make_key):
    _, text = make_key(acme)
    find_api_key(text, NOW)
    statements = []

    def count(execute, sql, *rest):
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        assert found_by(text).organization.slug == "acme"

    assert len(statements) == 1


def test_last_use_is_noted_at_most_once_a_minute(acme, make_key, django_assert_num_queries):
    _, text = make_key(acme)

    assert touch_api_key(found_by(text), NOW)
    with django_assert_num_queries(0):
        touched = ApiKey(organization=acme, last_used_at=NOW)
        assert not touch_api_key(touched, NOW + timedelta(seconds=59))
    assert touch_api_key(found_by(text), NOW + timedelta(seconds=60))
    assert ApiKey.objects.of(acme).get().last_used_at == NOW + timedelta(seconds=60)


def test_a_stale_copy_does_not_note_the_use_again(acme, make_key):
    _, text = make_key(acme)
    one, other = found_by(text), found_by(text)

    assert touch_api_key(one, NOW)
    assert not touch_api_key(other, NOW + timedelta(seconds=1))


def command(*arguments):
    out = StringIO()
    call_command("create_api_key", "--organization", "acme", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_the_key_alone(acme):
    printed = command("--name", "Shop", "--scopes", "ledger:write, ledger:read")

    assert printed.endswith("\n")
    api_key = found_by(printed.removesuffix("\n"), timezone.now())
    assert api_key.scopes == ["ledger:write", "ledger:read"]


def test_the_command_takes_the_first_day_without_the_key(acme):
    command("--name", "Shop", "--scopes", "*", "--expires-on", "2190-01-01")

    assert ApiKey.objects.of(acme).get().expires_at == datetime(2190, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--name", "Shop", "--scopes", "everything"), "everything"),
        (("--name", "Shop", "--scopes", ","), "at least one scope"),
        (("--name", "", "--scopes", "*"), "name"),
        (("--name", "Shop", "--scopes", "*", "--expires-on", "2001-01-01"), "2001-01-01"),
        (("--name", "Shop", "--scopes", "*", "--expires-on", "2001-02-30"), "2001-02-30"),
    ],
)
def test_the_command_names_what_is_wrong(acme, arguments, message):
    with pytest.raises(CommandError, match=message):
        command(*arguments)

    assert not ApiKey.objects.exists()


def test_the_command_names_an_organization_that_is_not_there(db):
    with pytest.raises(CommandError, match="acme"):
        command("--name", "Shop", "--scopes", "*")
