"""What is wrong with a kit and what to do, in sentences for its technician. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from contract.language import N_, _, ngettext
from contract.wire.messages import SensorFault
from ingest.fleet.facts import KitFacts
from school.rooms.layout import number_ranges

__all__ = ["Trouble", "kit_troubles", "locked_out_text", "room_troubles"]

State = Literal["wrong", "note"]
At = Callable[[int], str]
"""A time as its reader reads it."""

_LOW_BATTERY: Final = 20
_WEAK_SIGNAL: Final = 30
_WORST_CLOCK_NS: Final = 500_000_000
_OF_SEAT: Final = {
    "absent": N_("The sensor of seat {seat} (hub {hub}) does not answer. Check its plug and its cable."),
    "stuck": N_(
        "The sensor of seat {seat} (hub {hub}) sends the same value all the time, so its readings are "
        "left out. Unplug it and plug it in again, or replace it."
    ),
    "range": N_(
        "The sensor of seat {seat} (hub {hub}) sends impossible values, so its readings are left out. "
        "Check which sensor it is, or replace it."
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong, or worth a note, with what to do about it in the same text."""

    state: State
    text: str
    is_before_lessons: bool = True
    """Whether it keeps the room from being ready for a lesson."""


def locked_out_text(node: str) -> str:
    """What to do about a kit that is off because its certificates are revoked."""
    return _(
        "The kit {node} is locked out. If you have it again, make a new code for it and enrol it; else "
        "remove it from its room.",
        node=node,
    )


def kit_troubles(kit: KitFacts, *, at: At, newest_software: str = "") -> Iterator[Trouble]:
    """What is wrong with one kit, the gravest first; nothing where all is well.

    That it is off, and what `ingest/doctor/nodes.py` finds, is left to whoever calls.
    """
    if not kit.has_reported:
        yield _wrong(
            _(
                "The kit {node} has never reported. Make a code for it on the page of its room, and type "
                "that on the kit: “roomtone enrol”.",
                node=kit.node,
            )
        )
        return
    if not kit.is_up:
        # What it said last may be over, but for its button, which holds its room all the same.
        if (
            kit.health
            and kit.health.reported
            and kit.health.reported.button_since_utc_ns is not None
        ):
            yield from _pauses(kit, at)
        return
    yield from _pauses(kit, at)
    yield from map(_fault, kit.faults)
    yield from _of_settings(kit)
    yield from _silent_seats(kit)
    yield from _of_description(kit)
    yield from _of_hubs(kit)
    if kit.clock_error_ns is not None and kit.clock_error_ns > _WORST_CLOCK_NS:
        yield _note(
            _(
                "The clock of {node} is right to {seconds} s only. Check that it reaches a time server.",
                node=kit.node, seconds=f"{kit.clock_error_ns / 1e9:.1f}",
            )
        )  # fmt: skip
    if newest_software and kit.software and kit.software != newest_software:
        yield _note(
            _(
                "{node} runs version {old}, other kits run {new}. Update it when no lesson is on.",
                node=kit.node, old=kit.software, new=newest_software,
            )
        )  # fmt: skip


def room_troubles(room: str, kits: Sequence[KitFacts]) -> Iterator[Trouble]:
    """What is wrong between the kits of a room."""
    owner: dict[int, str] = {}
    shared: dict[tuple[str, str], list[int]] = {}
    for kit in kits:
        if not kit.is_up:
            continue
        for seat in kit.seats:
            other = owner.setdefault(seat, kit.node)
            if other != kit.node:
                shared.setdefault((other, kit.node), []).append(seat)
    for (one, two), seats in shared.items():
        yield _wrong(
            ngettext(
                "The kits {one} and {two} of room {room} both sense seat {seats}. Give each seat to one "
                "of them, in the settings that they get from the page of the room.",
                "The kits {one} and {two} of room {room} both sense the seats {seats}. Give each seat to "
                "one of them, in the settings that they get from the page of the room.",
                len(seats), one=one, two=two, room=room, seats=number_ranges(seats),
            )
        )  # fmt: skip


def _pauses(kit: KitFacts, at: At) -> Iterator[Trouble]:
    reported = None if kit.health is None else kit.health.reported
    if reported is None:
        return
    if reported.button_since_utc_ns is not None:
        yield _wrong(
            _(
                "The button of {node} has paused the room since {time}. Only the button ends that: press "
                "it again.",
                node=kit.node, time=at(reported.button_since_utc_ns),
            )
        )  # fmt: skip
    elif "button" in reported.paused_by:
        yield _wrong(
            _("The button of {node} has paused it. Only the button ends that: press it again.",
              node=kit.node)
        )  # fmt: skip
    if "fault" in reported.paused_by:
        yield _wrong(
            _(
                "{node} does not sense, because its button does not answer. Check the button’s wires and "
                "its pin in the settings.",
                node=kit.node,
            )
        )


def _fault(fault: SensorFault) -> Trouble:
    template = _OF_SEAT.get(fault.kind)
    if fault.seat is None or template is None:
        return _wrong(fault.said)
    return _wrong(_(template, seat=str(fault.seat), hub=fault.hub))


def _of_settings(kit: KitFacts) -> Iterator[Trouble]:
    """What the kit can't do of what it is set to, in its own words."""
    reported = None if kit.health is None else kit.health.reported
    for said in () if reported is None else reported.troubles:
        yield _wrong(_("{node} can’t follow one of its settings: {said}", node=kit.node, said=said))


def _silent_seats(kit: KitFacts) -> Iterator[Trouble]:
    explained = {fault.seat for fault in kit.faults}
    down = {fault.hub for fault in kit.faults if fault.seat is None and fault.kind == "absent"}
    by_hub: dict[str, list[int]] = {}
    silent = set(kit.silent) - explained
    for hub in kit.hubs:
        if hub.name in down:
            continue
        seats = [seat for seat in hub.seats if seat in silent]
        if seats and len(seats) == len([seat for seat in hub.seats if seat not in kit.opted_out]):
            yield _wrong(
                _(
                    "None of the seats of hub {hub} reported in the last minute that was sensed. Check the "
                    "cable between the hub and the kit.",
                    hub=hub.name,
                )
            )
        elif seats:
            by_hub[hub.name] = seats
    for name, seats in by_hub.items():
        yield _wrong(
            ngettext(
                "Seat {seats} (hub {hub}) did not report in the last minute that was sensed. Check its "
                "plug and its cable.",
                "The seats {seats} (hub {hub}) did not report in the last minute that was sensed. Check "
                "their plugs and their cables.",
                len(seats), seats=number_ranges(seats), hub=name,
            )
        )  # fmt: skip


def _of_description(kit: KitFacts) -> Iterator[Trouble]:
    """Whether it is where, and laid out as, its technician said."""
    if kit.described_in:
        yield _wrong(
            _(
                "{node} reports from room {room}, but it is described in room {other}. Remove it there and "
                "add it here, or enrol it again with a code of {other}.",
                node=kit.node, room=kit.room, other=kit.described_in,
            )
        )  # fmt: skip
    elif kit.is_room_described and kit.described is None:
        yield _wrong(
            _(
                "{node} reports from room {room}, but it is not in the description of the room. Add it "
                "there, or lock it out if it does not belong to you.",
                node=kit.node, room=kit.room,
            )
        )  # fmt: skip
    if kit.described is None or not kit.hubs:
        return
    own = {hub.name: hub.seats for hub in kit.hubs}
    meant = {hub.name: hub.seats for hub in kit.described.hubs}
    if own == meant:
        return
    gone, more = sorted(meant.keys() - own.keys()), sorted(own.keys() - meant.keys())
    differs = [name for name in sorted(own.keys() & meant.keys()) if own[name] != meant[name]]
    if gone or more:
        yield _wrong(
            _(
                "{node} has the hubs {own}, but it is described with {meant}. Correct the description, or "
                "make a new code and enrol the kit again: it then gets its settings.",
                node=kit.node, own=", ".join(sorted(own)), meant=", ".join(sorted(meant)),
            )
        )  # fmt: skip
    for name in differs:
        yield _wrong(
            _(
                "Hub {hub} of {node} has the seats {own}, but it is described with {meant}. Correct the "
                "description, or make a new code and enrol the kit again: it then gets its settings.",
                hub=name, node=kit.node, own=", ".join(map(str, own[name])),
                meant=", ".join(map(str, meant[name])),
            )
        )  # fmt: skip


def _of_hubs(kit: KitFacts) -> Iterator[Trouble]:
    for hub in kit.hubs:
        if hub.battery_percent is not None and hub.battery_percent <= _LOW_BATTERY:
            yield _note(
                _(
                    "The battery of hub {hub} is at {percent} %. Charge it.",
                    hub=hub.name, percent=str(hub.battery_percent),
                )
            )  # fmt: skip
        if hub.signal_percent is not None and hub.signal_percent <= _WEAK_SIGNAL:
            yield _note(
                _(
                    "The signal of hub {hub} is at {percent} %. Move it nearer to the kit.",
                    hub=hub.name, percent=str(hub.signal_percent),
                )
            )  # fmt: skip


def _wrong(text: str) -> Trouble:
    return Trouble(state="wrong", text=text)


def _note(text: str) -> Trouble:
    return Trouble(state="note", text=text, is_before_lessons=False)
