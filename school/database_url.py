"""The URL of a PostgreSQL database, and its parts as a log or an error may show them."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, quote_plus

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

__all__ = ["described", "postgres_url", "public_url", "without_secrets"]

_SCHEMES: Final = ("postgresql", "postgres", "postgresql+psycopg")
_SECRETS: Final = ("password", "sslpassword")


def postgres_url(text: str) -> URL:
    """Read a URL; raises ValueError without quoting it, for it may hold a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError("it is no URL") from None
    if url.drivername not in _SCHEMES:
        raise ValueError("it does not begin with postgresql://")
    return url.set(drivername="postgresql+psycopg")


def described(url: URL) -> str:
    """Where the database is: server, port and name."""
    host = url.host or _first(url, "host") or "this machine"
    port = f":{url.port}" if url.port else ""
    name = url.database or _first(url, "dbname") or url.username or "its default database"
    return f"{name} on {host}{port}"


def public_url(url: URL) -> str:
    """The URL as PostgreSQL's own programs take it, without any password."""
    public = URL.create(
        "postgresql", username=url.username, host=url.host, port=url.port, database=url.database,
        query={key: each for key, each in url.query.items() if key not in _SECRETS},
    )  # fmt: skip
    return public.render_as_string(hide_password=False)


def without_secrets(text: str, url: URL) -> str:
    """A text in which no password of the URL stands."""
    secrets = [url.password, *(_first(url, key) for key in _SECRETS)]
    for secret in filter(None, secrets):
        for each in (secret, quote(secret, safe=""), quote_plus(secret)):
            text = text.replace(each, "***")
    return text


def _first(url: URL, key: str) -> str | None:
    found = url.query.get(key)
    return found if isinstance(found, str) or found is None else found[0]
