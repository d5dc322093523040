"""Whether a room is ready for its next lesson, and what is missing, in words for its teacher. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from contract.language import _, ngettext
from contract.lesson import SMALLEST_ZONE
from ingest.fleet.facts import KitFacts

__all__ = ["Preflight", "preflight"]

Readiness = Literal["ready", "partly", "not_ready"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """`partly`: a lesson would be sensed, but not all of it."""

    state: Readiness
    missing: tuple[str, ...] = ()
    """What is missing, a sentence each; empty if the room is ready."""


def preflight(kits: Sequence[KitFacts], *, server: Sequence[str] = ()) -> Preflight:
    """Look a room over before a lesson; `server` says what is wrong with the server itself."""
    if not kits:
        return Preflight(state="not_ready", missing=(*server, _("There is no kit in this room.")))
    whole = [*server, *_paused(kits)]
    parts: list[str] = []
    sensing = [kit for kit in kits if kit.is_up and not _has_bad_clock(kit)]
    for kit in kits:
        if not kit.has_reported:
            parts.append(_("The kit {node} is not set up yet.", node=kit.node))
        elif not kit.is_up:
            parts.append(_("The kit {node} is off or out of reach.", node=kit.node))
        elif _has_bad_clock(kit):
            parts.append(_("The clock of the kit {node} is not right.", node=kit.node))
    due = {seat for kit in kits for seat in kit.seats}
    usable = {seat for kit in sensing for seat in _usable(kit)}
    lost = {seat for kit in sensing for seat in kit.seats} - usable
    if lost:
        parts.append(ngettext("{n} seat does not report.", "{n} seats do not report.", len(lost)))
    if not sensing or (due and len(usable) < min(SMALLEST_ZONE, len(due))):
        return Preflight(state="not_ready", missing=(*whole, *parts))
    if whole:
        return Preflight(state="not_ready", missing=(*whole, *parts))
    return Preflight(state="partly" if parts else "ready", missing=tuple(parts))


def _paused(kits: Sequence[KitFacts]) -> Iterator[str]:
    """A button pauses the whole room, on whichever kit it is, also while that kit is off."""
    for kit in kits:
        reported = None if kit.health is None else kit.health.reported
        if reported is None:
            continue
        if reported.button_since_utc_ns is not None or "button" in reported.paused_by:
            yield _(
                "The button of the kit {node} has paused the room: press it again.", node=kit.node
            )
        elif kit.is_up and "fault" in reported.paused_by:
            yield _("The kit {node} does not sense, because its button is broken.", node=kit.node)


def _has_bad_clock(kit: KitFacts) -> bool:
    return kit.clock_claim is not None or kit.clock_error_ns is None


def _usable(kit: KitFacts) -> set[int]:
    """The seats that are expected to report."""
    bad = {fault.seat for fault in kit.faults if fault.kind != "rate"}
    down = {fault.hub for fault in kit.faults if fault.seat is None and fault.kind == "absent"}
    off = {seat for hub in kit.hubs if hub.name in down for seat in hub.seats}
    return {seat for seat in kit.seats if seat not in bad and seat not in off} - set(kit.silent)
