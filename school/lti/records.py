"""Learning platforms as the pages and the command know them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from contract.addresses import is_safe_address
from contract.errors import UsageError

__all__ = ["MAX_TEXT", "LinkedAccount", "Platform", "check_deployment"]

MAX_TEXT: Final = 255
"""An issuer, a client id, a deployment and a subject are never longer (LTI 1.3, 5.3)."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
_MAX_TITLE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A learning platform that may open these pages."""

    name: str
    """What the command and the audit log call it."""
    title: str
    """What people call it."""
    issuer: str
    client_id: str
    auth_url: str
    """Where a browser asks for a launch."""
    jwks_url: str
    """Where its public keys are."""
    deployments: frozenset[str] = frozenset()

    def check(self) -> None:
        """Raise UsageError unless it can be used."""
        if not _NAME.fullmatch(self.name):
            raise UsageError(
                f"{self.name!r} is no name for a platform: use up to 40 small letters, digits and dashes."
            )
        if not 0 < len(self.title) <= _MAX_TITLE or not self.title.isprintable():
            raise UsageError(f"a platform's title has 1 to {_MAX_TITLE} printable characters.")
        for what, text in (("issuer", self.issuer), ("client id", self.client_id)):
            _check_text(what, text)
        for what, address in (
            ("address for launches", self.auth_url),
            ("address of its keys", self.jwks_url),
        ):
            if not is_safe_address(address) or "#" in address:
                raise UsageError(f"{address!r} is no {what}: it begins with https://.")
        for deployment in self.deployments:
            check_deployment(deployment)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedAccount:
    """Someone's account on a platform."""

    id: str
    platform: str
    """The platform's title."""
    created_utc_ns: int


def check_deployment(deployment: str) -> None:
    """Raise UsageError unless a platform may have such a deployment."""
    _check_text("deployment", deployment)


def _check_text(what: str, text: str) -> None:
    if not 0 < len(text) <= MAX_TEXT or not text.isascii() or not text.isprintable():
        raise UsageError(f"a platform's {what} has 1 to {MAX_TEXT} ASCII characters.")
