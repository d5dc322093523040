"""The settings that a kit gets when it is enrolled: edge.toml, from the description of its room. Pure."""

from __future__ import annotations

import json
from typing import Final

from school.rooms.records import Kit, Room

__all__ = ["edge_toml"]

_IDENTITY: Final = "/etc/roomtone/identity"
"""Where a kit keeps its key and its certificate; `roomtone enrol` writes them there."""


def edge_toml(room: Room, kit: Kit, *, broker: str, port: int = 8883) -> str:
    """All that the kit's agent needs; whatever is not here has its default on the kit."""
    hubs = "".join(
        f"\n[[hub]]\nname = {_text(hub.name)}\nport = {_text(hub.port)}\n"
        f"seats = {json.dumps(list(hub.seats))}\n"
        for hub in kit.hubs
    )
    return (
        "# Written by `roomtone enrol`, from the description of the room on the server. docs/edge.md\n"
        "# explains every key. When the kit is enrolled again, this file is replaced.\n\n"
        f"site = {_text(room.site)}\nroom = {_text(room.name)}\nnode = {_text(kit.node)}\n"
        f"{hubs}\n"
        f"[broker]\nhost = {_text(broker)}\nport = {port}\n"
        f"ca_file = {_text(f'{_IDENTITY}/ca.crt')}\n"
        f"certificate_file = {_text(f'{_IDENTITY}/node.crt')}\n"
        f"key_file = {_text(f'{_IDENTITY}/node.key')}\n\n"
        f"[sound]\nsource = {_text(kit.sound)}\n"
    )


def _text(text: str) -> str:
    """A basic string of TOML; the checks leave no control characters in these texts."""
    return json.dumps(text, ensure_ascii=False)
