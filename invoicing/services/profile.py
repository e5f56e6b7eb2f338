"""How an organization appears on its documents."""

from typing import Any

from django.db.models.functions import Now
from typst import TypstError

from invoicing.documents.content import Logo
from invoicing.documents.pdf import try_logo
from invoicing.errors import InvalidLogo, InvalidProfile
from invoicing.logos import read_logo
from invoicing.models import InvoicingProfile, Paper
from invoicing.rules import email_problem, shown, terms_problem, text_problem
from invoicing.tax import Rounding
from invoicing.vat_ids import check_tax_id
from organizations.actors import Actor
from organizations.services.auditing import atomic_use_case

FIELDS = (
    "legal_name",
    "address",
    "tax_id",
    "email",
    "phone",
    "website",
    "footer",
    "paper",
    "rounding",
    "payment_terms_days",
)

_MOST = {
    "legal_name": 200,
    "address": 500,
    "email": 254,
    "phone": 40,
    "website": 200,
    "footer": 1000,
}
_CHOICES = {"paper": tuple(Paper.values), "rounding": tuple(Rounding)}


def change_profile(*, actor: Actor, **changes: Any) -> InvoicingProfile:
    """Change the fields that are given (`FIELDS`). What was issued keeps the seller as it was; only
    paper and logo are those of today on every document.

    Raises:
        InvalidProfile, InvalidTaxId
    """
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise TypeError(f"a profile has no {', '.join(sorted(unknown))} to change")
    wanted = {name: _checked(actor, name, value) for name, value in changes.items()}
    with atomic_use_case(actor, "change_profile") as audit:
        profile = _locked(actor)
        before = {name: getattr(profile, name) for name in wanted}
        changed = [name for name in wanted if before[name] != wanted[name]]
        if changed:
            for name in changed:
                setattr(profile, name, wanted[name])
            _save(profile, changed)
            audit(
                profile,
                before={name: before[name] for name in changed},
                after={name: wanted[name] for name in changed},
            )
    return profile


def set_logo(*, actor: Actor, content: bytes | None) -> InvoicingProfile:
    """Put this picture (PNG, JPEG or SVG) at the head of every document; None takes it away.

    Raises:
        InvalidLogo: it is no such picture, too large, or more than a picture.
    """
    logo = None if content is None else _checked_logo(content)
    with atomic_use_case(actor, "set_logo") as audit:
        profile = _locked(actor)
        before = {"logo_type": profile.logo_type, "bytes": len(profile.logo or b"")}
        profile.logo, profile.logo_type = (logo.content, logo.type) if logo else (None, "")
        _save(profile, ["logo", "logo_type"])
        after = {"logo_type": profile.logo_type, "bytes": len(profile.logo or b"")}
        audit(profile, before=before, after=after)
    return profile


def _checked_logo(content: bytes) -> Logo:
    logo = read_logo(content)
    try:
        try_logo(logo)
    except TypstError as error:
        raise InvalidLogo(problem=f"it cannot be drawn ({error.message[:200]})") from error
    return logo


def _checked(actor: Actor, name: str, value: Any) -> Any:
    """The value as it is kept. Raises InvalidProfile, InvalidTaxId."""
    if name == "tax_id":
        return check_tax_id(value, actor.organization.country)
    if name == "payment_terms_days":
        problem = terms_problem(value)
        if problem is not None:
            raise InvalidProfile(field=name, problem=problem)
        return value
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            known = " or ".join(_CHOICES[name])
            raise InvalidProfile(field=name, problem=f"it is {known}, not {shown(value)}")
        return str(value)
    return _checked_text(name, value)


def _checked_text(name: str, value: Any) -> str:
    problem = text_problem(value, most=_MOST[name], has_lines=name in ("address", "footer"))
    if problem is not None:
        raise InvalidProfile(field=name, problem=problem)
    text = str(value).strip()
    problem = email_problem(text) if name == "email" else None
    if problem is not None:
        raise InvalidProfile(field=name, problem=problem)
    return text


def _locked(actor: Actor) -> InvoicingProfile:
    """The row, made where there is none; of two who make it, both then have the same."""
    organization = actor.organization
    rows = InvoicingProfile.objects.of(organization)
    profile: InvoicingProfile | None = rows.select_for_update(no_key=True).first()
    if profile is None:
        InvoicingProfile.objects.bulk_create(
            [InvoicingProfile(organization=organization)], ignore_conflicts=True
        )
        profile = rows.select_for_update(no_key=True).get()
    return profile


def _save(profile: InvoicingProfile, changed: list[str]) -> None:
    profile.updated_at = Now()
    profile.save(update_fields=[*changed, "updated_at"])
    profile.refresh_from_db(fields=["updated_at"])
