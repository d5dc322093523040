"""Checks the site's authority: that it answers, whom it locks out, whose certificates ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from contract.errors import RoomtoneError
from contract.finding import Finding
from ingest.authority.client import AuthorityClient
from ingest.authority.records import NodeState
from ingest.settings import ServerSettings

__all__ = ["authority_findings"]

_ABOUT: Final = "authority"
_REVOKING: Final = timedelta(minutes=1)
"""So long it may take until a revoked kit is locked out."""
_MAX_NAMES: Final = 8


def authority_findings(settings: ServerSettings, now_utc_ns: int) -> Iterator[Finding]:
    """Yields nothing on a server without an authority of its own, or for a user who may not ask."""
    place = settings.authority
    try:
        if not place.socket_dir.exists() and not place.dir.exists():
            return
        nodes = AuthorityClient(place.admin_socket).nodes()
    except PermissionError:
        return
    except RoomtoneError as error:
        yield Finding(
            about=_ABOUT, state="wrong", said=f"no kit can enrol or renew ({error})",
            advice="see `systemctl status roomtone-authority`; as another user than the server's, use sudo",
        )  # fmt: skip
        return
    now = datetime.fromtimestamp(now_utc_ns / 1e9, UTC)
    waiting = [
        node
        for node in nodes
        if node.revoked_at and not node.disconnected_at and now - node.revoked_at > _REVOKING
    ]
    if waiting:
        yield Finding(
            about=_ABOUT, state="wrong",
            said=f"{_names(waiting)} revoked, and perhaps still connected",
            advice="run `sudo roomtone broker apply`, and see that roomtone-enrolment.service runs",
        )  # fmt: skip
    held = [node for node in nodes if node.valid_until is not None]
    ended = [node for node in held if node.valid_until and node.valid_until <= now]
    if ended:
        yield Finding(
            about=_ABOUT, state="note", said=f"the certificate ended of {_names(ended)}",
            advice="it renews when the kit is switched on and reaches this server's port "
            f"{place.port}; revoke kits that are gone: `sudo roomtone node revoke NODE`",
        )  # fmt: skip
    if not waiting and not ended:
        yield Finding(
            about=_ABOUT, state="fine", said=f"it answers; {len(held)} kits have certificates"
        )


def _names(nodes: list[NodeState]) -> str:
    names = ", ".join(node.node for node in nodes[:_MAX_NAMES])
    more = len(nodes) - _MAX_NAMES
    return names if more <= 0 else f"{names} and {more} more"
