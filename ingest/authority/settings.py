"""The settings of the site's authority and of the port where kits enrol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from contract.enrolment.codes import DEFAULT_PORT
from contract.settings import Settings

__all__ = ["AuthoritySettings"]


class AuthoritySettings(Settings):
    """How kits get their certificates; docs/enrolment.md describes it."""

    dir: Path = Path("/var/lib/roomtone-authority")
    """The key, and who has which certificate; only `roomtone authority` reads it."""
    socket_dir: Path = Path("/run/roomtone-authority")
    """The directory of the sockets through which the other programs ask the authority."""
    address: Annotated[str, Field(pattern=r"^[0-9A-Za-z.:_-]{0,253}$")] = ""
    """The name or address of this server for kits, as QR codes say it; "" gives six digits alone."""
    listen: str = "0.0.0.0"  # noqa: S104 - kits come from the school's network
    """Where `roomtone enrolment` listens for kits."""
    port: Annotated[int, Field(ge=0, le=65535)] = DEFAULT_PORT
    """Its TCP port; open it in the server's firewall, with that of the broker."""
    broker_port: Annotated[int, Field(ge=1, le=65535)] = 8883
    """The broker's TCP port for kits; `roomtone broker config` writes it, and kits get it with a code."""
    max_conversations: Annotated[int, Field(ge=1, le=1_000)] = 32
    """Kits that may talk to it at once; the next one is asked to come back."""
    kit_days: Annotated[int, Field(ge=2, le=825)] = 90
    """How long a kit's certificate is valid; a kit renews it in its second half."""
    late_days: Annotated[int, Field(ge=0, le=3_650)] = 400
    """How long after its end a certificate can still be renewed, as after the holidays."""

    @property
    def server(self) -> str:
        """What a technician types on a kit after `--server`; "" if `address` is not set."""
        if not self.address or self.port == DEFAULT_PORT:
            return self.address
        return f"{self.address}:{self.port}"

    @property
    def admin_socket(self) -> Path:
        return self.socket_dir / "admin.sock"

    @property
    def kits_socket(self) -> Path:
        return self.socket_dir / "kits.sock"
