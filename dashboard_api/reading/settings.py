"""Where the pages read lessons: table `[dashboard.reads]` in server.toml."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, SecretStr, model_validator

from contract.addresses import is_plain_address, is_safe_address
from contract.errors import ConfigurationError
from contract.files.secret_file import read_secret
from contract.settings import Settings

__all__ = ["TOKEN", "ReadsSettings"]

TOKEN: Final = "ROOMTONE_READS_TOKEN"  # noqa: S105 (the name of a variable)


class ReadsSettings(Settings):
    """Where the pages read what was sensed and scored, where that is not on this computer."""

    kind: Literal["store", "influxdb2", "victoriametrics"] = "store"
    """`store` is the data directory. The others are filled by `roomtone replicate`; `influxdb2` is
    InfluxDB 2, its Cloud, and 1.8 with Flux."""
    url: str | None = None
    """Address of the database: https, or http on this computer. Of a cluster of VictoriaMetrics up
    to and with /prometheus."""
    org: str = ""
    """The organisation in InfluxDB."""
    bucket: str = ""
    """The bucket in InfluxDB; in 1.8 database/autogen."""
    token_file: Path | None = None
    """A file that holds the token; without it, ROOMTONE_READS_TOKEN may."""
    ca_file: Path | None = None
    """The authority that signed the database's certificate, if it is the school's own."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """A page waits this long for an answer."""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.kind == "store":
            return self
        # What children did travels between computers only under encryption.
        if self.url is None or not (is_plain_address(self.url) and is_safe_address(self.url)):
            expected = "https:// and a name, or http:// and this computer; no name and no password"
            raise ConfigurationError("", "reads.url", self.url, expected)
        if self.kind == "influxdb2" and not self.bucket:
            raise ConfigurationError("", "reads.bucket", self.bucket, "the name of a bucket")
        return self

    @property
    def address(self) -> str:
        assert self.url is not None
        return self.url.rstrip("/")

    def tls_context(self) -> ssl.SSLContext | None:
        """Who is believed beside the usual authorities' place; raises ConfigurationError."""
        if self.ca_file is None:
            return None
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise ConfigurationError(
                "server.toml",
                "dashboard.reads.ca_file",
                self.ca_file,
                "a file with certificates in PEM",
            ) from error

    def token(self) -> SecretStr:
        """The token, empty if there is none; raises ConfigurationError, UsageError."""
        text = read_secret(self.token_file, TOKEN)
        is_needed = self.token_file is not None or self.kind == "influxdb2"
        if text is None or not text.isascii() or (is_needed and not text):
            # Without its text: nobody reads a token in a log.
            expected = f"a file with the token alone, one line, or the token in {TOKEN}"
            raise ConfigurationError(
                "server.toml", "dashboard.reads.token_file", self.token_file, expected
            )
        return SecretStr(text)
