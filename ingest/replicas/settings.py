"""The tables of `server.toml` about replicas: which there are, and how they are fed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from contract.addresses import is_plain_address
from contract.errors import ConfigurationError
from contract.files.secret_file import read_secret
from contract.settings import Name, Settings

__all__ = ["EngineKind", "ReplicaSettings", "ReplicateSettings", "unique_names"]

EngineKind = Literal["influxdb1", "influxdb2", "influxdb3", "victoriametrics"]


class ReplicaSettings(Settings):
    """One database that gets a copy: `[[replicas]]`, as often as there are databases."""

    name: Name
    """Its name in the log, in metrics and on the rooms' page."""
    kind: EngineKind
    """Which database it is; InfluxDB Cloud is `influxdb2`, or `influxdb3` where it is of version 3."""
    url: Annotated[str, Field(max_length=2_000)]
    """Its address, with the path before /api/v2/write; of a VictoriaMetrics cluster that of vminsert."""
    delete_url: Annotated[str, Field(max_length=2_000)] | None = None
    """The address before /api/v1/admin if it is another: of a VictoriaMetrics cluster that of vmselect."""
    org: Annotated[str, Field(max_length=200)] = "roomtone"
    """The organisation in InfluxDB 2."""
    bucket: Annotated[str, Field(min_length=1, max_length=200)] = "roomtone"
    """The bucket; of InfluxDB 1 the database, or database/policy; VictoriaMetrics has none."""
    token_file: Path | None = None
    """A file that holds the token, or USER:PASSWORD; without it, ROOMTONE_REPLICA_TOKEN_NAME may."""
    ca_file: Path | None = None
    """The authority that signed its certificate; without it, those of this computer."""
    what: Literal["health", "lessons"]
    """`health` of kits for technicians, or `lessons` with room and zones for the dashboard's account."""
    with_seats: bool = False
    """Send the movement of single seats too; only with `lessons`."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0
    """How long it may take for an answer."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for key, address in (("url", self.url), ("delete_url", self.delete_url)):
            if address is not None and not is_plain_address(address):
                raise ConfigurationError(
                    "", f"replicas.{self.name}.{key}", address, "an http:// or https:// address"
                )
        if self.with_seats and self.what != "lessons":
            raise ConfigurationError(
                "",
                f"replicas.{self.name}.with_seats",
                True,
                "false, since no seat is part of health",
            )
        return self

    @property
    def token_variable(self) -> str:
        return f"ROOMTONE_REPLICA_TOKEN_{self.name.upper().replace('-', '_')}"

    def token(self) -> SecretStr | None:
        """The token, None if there is none; raises ConfigurationError."""
        text = read_secret(self.token_file, self.token_variable)
        if text is None or not text.isascii() or (self.token_file is not None and not text):
            raise ConfigurationError(
                "server.toml", f"replicas.{self.name}.token_file", self.token_file,
                "a file with the token alone, one line",
            )  # fmt: skip
        return SecretStr(text) if text else None


class ReplicateSettings(Settings):
    """How replicas are fed; docs/timeseries.md describes it."""

    poll_s: Annotated[float, Field(gt=0, le=3_600)] = 5.0
    """How often the store is asked for what is new."""
    max_batch_lines: Annotated[int, Field(ge=1, le=100_000)] = 5_000
    """Points in one request."""
    max_wait_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    """The longest wait before a database that failed is tried again."""
    max_aside_mb: Annotated[int, Field(ge=0, le=100_000)] = 64
    """Points that a database refuses are kept aside up to this size each; more are only counted."""
    health_port: Annotated[int, Field(ge=0, le=65535)] = 8003
    """The port of /metrics, /healthz and /readyz, for this computer only; 0 for none."""
    stall_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """/healthz fails when the main loop has not run for this long."""


def unique_names(replicas: tuple[ReplicaSettings, ...]) -> None:
    """Raise ConfigurationError if two replicas have one name: they would share their progress."""
    seen: set[str] = set()
    for each in replicas:
        if each.name in seen:
            raise ConfigurationError("", "replicas.name", each.name, "a name that no other has")
        seen.add(each.name)
