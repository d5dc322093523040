"""What the agent reports to systemd: ready after its first round, a sign of life for each round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from contract.clock import SECOND_NS
from contract.service_manager import ServiceManager
from edge_agent.publishing.link_note import LinkState

__all__ = ["ServiceStatus"]

_TEXT_EACH_NS: Final = 5 * SECOND_NS


class ServiceStatus:
    """Called from the agent's own loop: if that hangs, no sign of life is sent.

    The first round comes after the outbox is open and the readers run. Neither a hub nor the broker
    need be there: the agent senses without a network, and takes a hub that is plugged in later.
    """

    def __init__(self, manager: ServiceManager, hubs_up: Callable[[], tuple[int, int]]) -> None:
        self._manager = manager
        self._hubs_up = hubs_up
        self._text_ns: int | None = None

    def turned(self, now_ns: int, link: Callable[[], LinkState], *, is_sampling: bool) -> None:
        """Report that a round is done."""
        if not self._manager.is_listening:
            return
        self._manager.ready()
        self._manager.alive()
        if self._text_ns is None or now_ns >= self._text_ns:
            self._text_ns = now_ns + _TEXT_EACH_NS
            up, hubs = self._hubs_up()
            sensing = (
                "sampling" if is_sampling else "not sampling (no lesson is on, or it is paused)"
            )
            self._manager.status(f"{sensing}; hubs up: {up} of {hubs}; {_said(link())}")

    def stopping(self) -> None:
        self._manager.stopping()


def _said(link: LinkState) -> str:
    if not link.is_linked:
        return f"no connection to the broker ({link.reason})"
    return "the server takes what is sent" if link.ingest_is_up else "the server's ingest is down"
