"""What pauses a room, and which of its kits sense all the same. Pure: reports in, facts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from contract.clock import SECOND_NS
from contract.language import N_, _
from contract.wire.messages import ConfigReported, Health

__all__ = ["Kit", "RoomPause", "kit_pause_words", "room_pause"]

_MAY_SENSE_NS: Final = 7 * 86_400 * SECOND_NS
"""A kit that nobody has heard for so long is not thought to sense somewhere."""
_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "button": N_("paused: its off switch is pressed"),
    "fault": N_("paused: its off switch can’t be read"),
    "kit": N_("paused: the off switch of another kit of this room is pressed"),
    "page": N_("paused on a page"),
    "command": N_("paused by a technician"),
})  # fmt: skip
"""What pauses a kit, the strongest first."""


class Kit(Protocol):
    """What is needed of `view.NodeReport`."""

    @property
    def node(self) -> str: ...
    @property
    def is_up(self) -> bool: ...
    @property
    def newest_utc_ns(self) -> int | None: ...
    @property
    def health(self) -> Health | None: ...
    @property
    def reported(self) -> ConfigReported | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomPause:
    """What pauses a room; kits by their nodes' names."""

    buttons: tuple[tuple[str, int], ...] = ()
    """The kits whose buttons are pressed, and since when in UTC as the kit knew it; 0: not known."""
    page_since_utc_ns: int | None = None
    """Since when a page has paused the lesson that is on."""
    broken: tuple[str, ...] = ()
    """Kits that sense nothing, because their buttons can't be read."""
    by_technician: tuple[str, ...] = ()
    still: tuple[str, ...] = ()
    """Kits that have not reported the room's pause yet."""
    out_of_reach: tuple[str, ...] = ()
    """Kits that can't have heard of it, and may sense."""

    @property
    def is_of_room(self) -> bool:
        """Whether it is meant for all of the room's kits."""
        return bool(self.buttons) or self.page_since_utc_ns is not None


def room_pause(
    nodes: Sequence[Kit], page_since_utc_ns: int | None, now_utc_ns: int
) -> RoomPause | None:
    """What pauses the room, or each kit in it that answers; None if nothing does."""
    reports = {node.node: node.reported for node in nodes}
    buttons = tuple(
        (name, reported.button_since_utc_ns)
        for name, reported in reports.items()
        if reported is not None and reported.button_since_utc_ns is not None
    )
    paused = {name for name, reported in reports.items() if reported and reported.paused_by}
    up = [node.node for node in nodes if node.is_up]
    is_of_room = bool(buttons) or page_since_utc_ns is not None
    if not is_of_room and not (up and paused.issuperset(up)):
        return None
    heard_from_ns = now_utc_ns - _MAY_SENSE_NS
    return RoomPause(
        buttons=buttons,
        page_since_utc_ns=page_since_utc_ns,
        broken=_by("fault", nodes),
        by_technician=_by("command", nodes),
        still=tuple(name for name in up if name not in paused) if is_of_room else (),
        out_of_reach=tuple(
            node.node
            for node in nodes
            if is_of_room
            and not node.is_up
            and node.node not in paused
            and not (node.health is not None and node.health.is_finished)
            and (node.newest_utc_ns or 0) > heard_from_ns
        ),
    )


def kit_pause_words(node: Kit) -> str:
    """What pauses a kit, in words; empty if nothing does."""
    paused_by = () if node.reported is None else node.reported.paused_by
    if not paused_by:
        return ""
    return _(next((_WORDS[each] for each in _WORDS if each in paused_by), N_("paused")))


def _by(reason: str, nodes: Sequence[Kit]) -> tuple[str, ...]:
    return tuple(
        node.node for node in nodes
        if node.is_up and node.reported is not None and reason in node.reported.paused_by
    )  # fmt: skip
