"""From which account of the organization payouts leave."""

from typing import Any

from django.db.models.functions import Now

from invoicing.rules import text_problem
from organizations.actors import Actor
from organizations.services.auditing import atomic_use_case
from settlements.errors import InvalidPayoutProfile
from settlements.models import PayoutProfile
from settlements.rules import check_bic, check_iban

_FIELDS = ("name", "iban", "bic")
MOST_NAME = 70


def save_payout_profile(*, actor: Actor, name: str, iban: str, bic: str = "") -> PayoutProfile:
    """Keep who pays and from which account; what was there is replaced. Bank files made before
    stay as they were.

    Raises:
        InvalidPayoutProfile, InvalidIban, InvalidBic
    """
    wanted = _checked(name, iban, bic)
    with atomic_use_case(actor, "save_payout_profile") as audit:
        profile, is_new = _locked(actor, wanted)
        before = {} if is_new else {field: getattr(profile, field) for field in _FIELDS}
        changed = [field for field in _FIELDS if before.get(field) != wanted[field]]
        if changed and not is_new:
            for field in changed:
                setattr(profile, field, wanted[field])
            profile.updated_at = Now()
            profile.save(update_fields=[*changed, "updated_at"])
            profile.refresh_from_db(fields=["updated_at"])
        if changed:
            audit(
                profile,
                before=None if is_new else {field: before[field] for field in changed},
                after={field: wanted[field] for field in changed},
            )
    return profile


def _checked(name: str, iban: str, bic: str) -> dict[str, Any]:
    problem = text_problem(name, least=1, most=MOST_NAME)
    if problem is not None:
        raise InvalidPayoutProfile(field="name", problem=problem)
    checked = check_iban(iban)
    if not checked:
        raise InvalidPayoutProfile(field="iban", problem="it is missing")
    return {"name": name.strip(), "iban": checked, "bic": check_bic(bic, checked)}


def _locked(actor: Actor, wanted: dict[str, Any]) -> tuple[PayoutProfile, bool]:
    """The row, and whether this call made it; of two who make it at once, one has to change it."""
    organization = actor.organization
    rows = PayoutProfile.objects.of(organization)
    profile: PayoutProfile | None = rows.select_for_update(no_key=True).first()
    if profile is not None:
        return profile, False
    made = PayoutProfile(organization=organization, **wanted)
    PayoutProfile.objects.bulk_create([made], ignore_conflicts=True)
    profile = rows.select_for_update(no_key=True).get()
    return profile, profile.pk == made.pk
