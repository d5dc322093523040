"""Between lessons a live page says whether the room is ready for the next one."""

from __future__ import annotations

from typing import Final

from contract.clock import SECOND_NS
from contract.language import Language, _, language
from dashboard_api.live.program_state import Moment
from dashboard_api.web.store_thread import Stores
from ingest.fleet.preflight import Preflight, preflight
from ingest.fleet.reading import room_kits

__all__ = ["ReadyWatch", "ready_sentence"]

_EACH_NS: Final = 10 * SECOND_NS
"""A live page is made each second, and a kit reports once a minute."""
_MAX_ROOMS: Final = 200


class ReadyWatch:
    """Looks rooms over before lessons, and keeps what it found for some seconds."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Language], tuple[int, str]] = {}

    def sentence(self, stores: Stores, room: str, now: Moment) -> str:
        """Whether a room is ready, in the reader's language; "" for one without a kit."""
        key = room, language()
        known = self._found.get(key)
        if known is not None and 0 <= now.elapsed_ns - known[0] < _EACH_NS:
            return known[1]
        kits = room_kits(
            stores.periods, room, stores.rooms.rooms(), stores.lessons.opted_out(), now.utc_ns
        )
        said = ready_sentence(preflight(kits)) if kits else ""
        while len(self._found) >= _MAX_ROOMS:
            del self._found[next(iter(self._found))]
        self._found[key] = now.elapsed_ns, said
        return said


def ready_sentence(found: Preflight) -> str:
    """The same as sentences, for a teacher."""
    if found.state == "ready":
        return _("The room is ready for the lesson.")
    begin = (
        _("The room is ready in part:") if found.state == "partly" else _("The room is not ready:")
    )
    return " ".join((begin, *found.missing, _("Ask whoever looks after the kits to check it.")))
