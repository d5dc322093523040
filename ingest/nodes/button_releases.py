"""Takes a kit that is gone out of its room's pause, where somebody asks for that.

A kit's button pauses its room until it is pressed again. A kit that was lost with its button pressed
would hold its room for good, so `roomtone node release` asks for this. What the store keeps of the kit
then says that its button is not pressed; if the kit ever comes back, it reports its button again.
"""

from __future__ import annotations

from typing import Final

from contract.clock import Clock
from contract.wire.messages import Health
from ingest.nodes.configuration import LessonConfig
from ingest.nodes.kit_requests import KitRequests
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Tick

__all__ = ["ButtonReleases", "is_pressed"]

_IS_BACK: Final = "the kit is there again: press its button"
_NOT_PRESSED: Final = "its button does not pause the room"


class ButtonReleases:
    """Owned by ingest's loop."""

    def __init__(
        self, store: PeriodStore, config: LessonConfig, requests: KitRequests, clock: Clock
    ) -> None:
        self._store, self._config = store, config
        self._requests, self._clock = requests, clock

    def step(self) -> None:
        """Do what is asked, and answer; raises StoreError, and then the next call tries again."""
        for site, request in self._requests.releases():
            why = self._release(site, request.room, request.node)
            self._requests.close_release(request.id, why)

    def _release(self, site: str, room: str, node: str) -> str:
        """Returns why it can't be done; "" if it is done."""
        found = [
            each for each in self._store.newest_runs(room) if (each.site, each.node) == (site, node)
        ]
        pressed = [(each, health) for each in found if (health := self._pressed(each.id))]
        if not pressed:
            return _NOT_PRESSED
        if any(self._store.is_up(stream.id) for stream, _ in pressed):
            return _IS_BACK
        self._store.commit(
            Tick(
                received_utc_ns=self._clock.utc_ns(),
                healths=tuple(_released(health) for _, health in pressed),
            )
        )
        self._config.hear_button(site, room, node, is_pressed=False)
        return ""

    def _pressed(self, stream_id: int) -> Health | None:
        health = self._store.health(stream_id)
        return health if is_pressed(health) else None


def is_pressed(health: Health | None) -> bool:
    """Whether a kit's last word was that its button pauses its room."""
    reported = None if health is None else health.reported
    return reported is not None and (
        reported.button_since_utc_ns is not None or "button" in reported.paused_by
    )


def _released(health: Health) -> Health:
    assert health.reported is not None
    reported = health.reported.model_copy(
        update={
            "button_since_utc_ns": None,
            "paused_by": tuple(each for each in health.reported.paused_by if each != "button"),
        }
    )
    return health.model_copy(update={"reported": reported})
