"""How people come in, as tables of `server.toml`: the school's identity provider, and mail."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from contract.addresses import LOOPBACK, is_safe_address
from contract.errors import ConfigurationError
from contract.files.secret_file import read_secret
from contract.language import N_
from contract.settings import Settings

__all__ = ["OPENID_NAME", "OpenIdSettings", "SmtpSettings"]

OPENID_SECRET: Final = "ROOMTONE_OPENID_SECRET"  # noqa: S105 - the variable's name
SMTP_PASSWORD: Final = "ROOMTONE_SMTP_PASSWORD"  # noqa: S105 - the same
_ADDRESS: Final = re.compile(r"[!#-\'*+\-./0-9=?A-Z^-~]+@[A-Za-z0-9.-]+")


OPENID_NAME: Final = N_("my school account")
"""What the provider is called unless the school names it."""


class OpenIdSettings(Settings):
    """Signing in with a school account: OpenID Connect."""

    issuer: str | None = None
    """The provider's issuer, such as "https://accounts.google.com"; it switches this on."""
    name: Annotated[str, Field(min_length=1, max_length=60)] = OPENID_NAME
    """What follows "Sign in with" on the button."""
    client_id: str | None = None
    """The name that the provider has given to these pages."""
    client_secret_file: Path | None = None
    """A file that holds the client's secret; without it, ROOMTONE_OPENID_SECRET does."""
    tenant: str | None = None
    """Microsoft Entra: the id of the school's tenant. Accounts of others are refused."""
    domain: str | None = None
    """Google Workspace: the school's domain. Accounts of others are refused."""
    trust_second_factor: bool = False
    """Believe the provider when it says that it used more than one factor (`amr`, `acr`)."""
    second_factor_acr: tuple[str, ...] = ()
    """Values of `acr` that say so; `amr` needs none."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    """How long the provider may take for an answer."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.issuer is None:
            return self
        if not is_safe_address(self.issuer):
            raise _wrong("issuer", self.issuer, "an https:// address")
        if not self.client_id:
            raise _wrong("client_id", self.client_id, "the client id that the provider shows")
        host = urlsplit(self.issuer).hostname
        if host == "accounts.google.com" and not self.domain:
            raise _wrong("domain", self.domain, "the school's domain, since Google serves all")
        if host == "login.microsoftonline.com" and not self.tenant:
            raise _wrong("tenant", self.tenant, "the tenant's id, since Microsoft serves all")
        return self

    def secret(self) -> SecretStr:
        """The client's secret; raises ConfigurationError."""
        return _secret(self.client_secret_file, OPENID_SECRET, "openid.client_secret_file")


class SmtpSettings(Settings):
    """The server that sends links, and how much is new, by mail."""

    host: str | None = None
    """The mail server's name; it switches this on."""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """TCP port; 465 is usual with `tls`."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is encrypted; `none` only for a server on this computer."""
    ca_file: Path | None = None
    """The authority that signed the server's certificate; without it, those of this computer."""
    user: str | None = None
    """The name to sign in with at the server; without it, one does not sign in."""
    password_file: Path | None = None
    """A file that holds its password; without it, ROOMTONE_SMTP_PASSWORD does."""
    sender: str | None = None
    """The address that messages come from."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    """How long sending may take before the page says that it failed."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.host is None:
            return self
        if self.sender is None or not _ADDRESS.fullmatch(self.sender):
            expected = 'an e-mail address alone, such as "roomtone@school.example"'
            raise ConfigurationError("", "smtp.sender", self.sender, expected)
        if self.security == "none" and self.host not in LOOPBACK:
            expected = "starttls or tls, since the server is another computer"
            raise ConfigurationError("", "smtp.security", self.security, expected)
        return self

    def password(self) -> SecretStr | None:
        """The password, if one signs in; raises ConfigurationError."""
        if self.user is None:
            return None
        return _secret(self.password_file, SMTP_PASSWORD, "smtp.password_file")


def _wrong(key: str, value: object, expected: str) -> ConfigurationError:
    return ConfigurationError("", f"openid.{key}", value, expected)


def _secret(path: Path | None, variable: str, key: str) -> SecretStr:
    """What a file or a variable of the environment holds; no message shows it."""
    text = read_secret(path, variable)
    if path is None and text == "":
        expected = f"a file, or the secret itself in the variable {variable}"
        raise ConfigurationError("server.toml", key, path, expected)
    if not text:
        raise ConfigurationError("server.toml", key, path, "a file with the secret alone, one line")
    return SecretStr(text)
