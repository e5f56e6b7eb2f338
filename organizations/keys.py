"""What an API key looks like: `ch_<prefix>_<secret>`, and how its secret is kept."""

import hashlib
import re
import secrets

PREFIX_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
PREFIX_LENGTH = 12
SECRET_BYTES = 32

_KEY = re.compile(rf"ch_([a-z0-9]{{{PREFIX_LENGTH}}})_([A-Za-z0-9_-]{{43}})")


def new_prefix() -> str:
    return "".join(secrets.choice(PREFIX_LETTERS) for _ in range(PREFIX_LENGTH))


def new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def key_text(prefix: str, secret: str) -> str:
    return f"ch_{prefix}_{secret}"


def parse_key(text: str) -> tuple[str, str] | None:
    """Prefix and secret, or None where this cannot be a key of ours."""
    match = _KEY.fullmatch(text)
    return (match[1], match[2]) if match else None


def secret_hash(secret: str) -> str:
    """A plain hash is enough: the secret has 256 random bits, so there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
