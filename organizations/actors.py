"""Who acts: a user, an API key, or the system itself, on behalf of one organization."""

from dataclasses import dataclass
from uuid import UUID

from organizations.models import ApiKey, Organization, User


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts, and from where. At most one of `user` and `api_key` is set."""

    organization: Organization
    user: User | None = None
    api_key: ApiKey | None = None
    request_id: str = ""
    ip_address: str | None = None
    name: str = "system"

    @classmethod
    def system(cls, organization: Organization, name: str = "system") -> "Actor":
        """A command or a scheduled job."""
        return cls(organization, name=name)

    @classmethod
    def of_user(
        cls,
        organization: Organization,
        user: User,
        request_id: str = "",
        ip_address: str | None = None,
    ) -> "Actor":
        return cls(organization, user, None, request_id, ip_address, user.display_name)

    @classmethod
    def of_key(
        cls,
        organization: Organization,
        api_key: ApiKey,
        request_id: str = "",
        ip_address: str | None = None,
    ) -> "Actor":
        return cls(organization, None, api_key, request_id, ip_address, str(api_key))

    @property
    def user_id(self) -> UUID | None:
        return self.user.pk if self.user else None

    @property
    def api_key_id(self) -> UUID | None:
        return self.api_key.pk if self.api_key else None
