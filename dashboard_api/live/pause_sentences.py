"""What pages say about a room that is paused: who can end that, and which kit senses all the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from contract.language import _, ngettext
from dashboard_api.live.pauses import RoomPause

__all__ = ["pause_sentences"]


def pause_sentences(
    pause: RoomPause, title: str, since_text: Callable[[int], str]
) -> tuple[str, ...]:
    """A sentence for each thing that pauses the room, and for each kit that has not heard of it.

    `title` is that of the lesson that is on, empty if none is: then nothing is sensed anyway.
    """
    lines = [_button(name, since, title, since_text) for name, since in pause.buttons]
    if pause.page_since_utc_ns is not None:
        since = since_text(pause.page_since_utc_ns)
        lines.append(
            _(
                "Sensing is paused on this page since {since}. The pause ends with “Resume sensing”, or "
                "with the lesson.",
                since=since,
            )
        )  # fmt: skip
    if pause.broken:
        lines.append(
            ngettext(
                "The kit {names} senses nothing, because its off switch can’t be read. Ask a technician to "
                "check it.",
                "The kits {names} sense nothing, because their off switches can’t be read. Ask a technician "
                "to check them.",
                len(pause.broken), names=_names(pause.broken),
            )
        )  # fmt: skip
    if pause.by_technician:
        lines.append(
            _(
                "A technician has paused {names}. Ask them to resume.",
                names=_names(pause.by_technician),
            )
        )
    if title and pause.still:
        lines.append(
            ngettext(
                "Still sensing: {names}. It has not heard of the pause yet.",
                "Still sensing: {names}. They have not heard of the pause yet.",
                len(pause.still), names=_names(pause.still),
            )
        )  # fmt: skip
    if title and pause.out_of_reach:
        lines.append(
            _(
                "Out of reach, and perhaps still sensing: {names}. Press the off switch there, or pull "
                "the plug.",
                names=_names(pause.out_of_reach),
            )
        )  # fmt: skip
    return tuple(lines)


def _button(name: str, since_utc_ns: int, title: str, since_text: Callable[[int], str]) -> str:
    if not title:
        return _(
            "The off switch of the kit {name} is pressed: nothing will be sensed in this room until it is "
            "pressed again there.",
            name=name,
        )  # fmt: skip
    if not since_utc_ns:
        return _(
            "{title} is on, but the off switch of the kit {name} is pressed: nothing is to be sensed until "
            "it is pressed again there.",
            title=title, name=name,
        )  # fmt: skip
    return _(
        "{title} is on, but the off switch of the kit {name} is pressed since {since}: nothing is to be "
        "sensed until it is pressed again there.",
        title=title, name=name, since=since_text(since_utc_ns),
    )  # fmt: skip


def _names(names: Sequence[str]) -> str:
    return ", ".join(names)
