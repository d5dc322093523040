"""Codes for kits that are described: the settings that go with one, and the authority that makes it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final, Protocol

from contract.errors import UsageError
from contract.language import _
from ingest.authority.client import AuthorityClient
from ingest.authority.records import EnrolmentCode, NodeState
from ingest.settings import ServerSettings
from school.rooms.edge_toml import edge_toml
from school.rooms.records import Room

__all__ = ["CodeMaker", "KitAuthority", "KitSetUp", "code_maker", "kit_set_up"]

_TLS_PORT: Final = 8883


class KitAuthority(Protocol):
    """What is asked of the site's authority; `AuthorityClient` has it."""

    def new_code(self, site: str, room: str, node: str, settings_toml: str) -> EnrolmentCode: ...
    def nodes(self) -> list[NodeState]: ...
    def revoke(self, node: str) -> None: ...


class CodeMaker:
    """Makes codes for kits as rooms describe them. All methods wait for the authority."""

    def __init__(self, authority: KitAuthority, *, broker: str, port: int = _TLS_PORT) -> None:
        self.authority = authority
        self._broker = broker
        self._port = port

    def new_code(self, room: Room, node: str) -> EnrolmentCode:
        """A code with which one Pi becomes this kit; raises UsageError, LinkError, StoreError."""
        kit = next((each for each in room.kits if each.node == node), None)
        if kit is None:
            raise UsageError(
                _("Room {room} has no kit {node}; add it first.", room=room.name, node=node)
            )
        if not self._broker:
            raise UsageError(
                _(
                    "The kits would not know where the server is: set `authority.address` in the server’s "
                    "settings to its name or address in the school’s network, and start the pages again."
                )
            )
        settings = edge_toml(room, kit, broker=self._broker, port=self._port)
        return self.authority.new_code(room.site, room.name, node, settings)

    def nodes(self) -> dict[str, NodeState]:
        """What the authority knows, by node."""
        return {each.node: each for each in self.authority.nodes()}


@dataclass(frozen=True, slots=True, kw_only=True)
class KitSetUp:
    """What pages set rooms and kits up with."""

    codes: CodeMaker | None = None
    """None where there is no authority, as in a demo."""
    sites: tuple[str, ...] = ("school",)
    """The sites that this server keeps, its own first."""
    server: str = ""
    """How kits call the server; "" if the settings do not say so."""


def kit_set_up(settings: ServerSettings, *, is_demo: bool = False) -> KitSetUp:
    """The same for a server's settings; a demo makes no codes."""
    return KitSetUp(
        codes=None if is_demo else code_maker(settings), sites=settings.sites,
        server=settings.authority.server,
    )  # fmt: skip


def code_maker(settings: ServerSettings) -> CodeMaker:
    """For a server's settings: kits reach the broker by the address that is meant for them."""
    host = settings.authority.address
    if not host and not _is_loopback(settings.broker.host):
        host = settings.broker.host
    return CodeMaker(
        AuthorityClient(settings.authority.admin_socket), broker=host,
        port=settings.authority.broker_port,
    )  # fmt: skip


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
