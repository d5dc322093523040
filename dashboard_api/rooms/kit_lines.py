"""What a kit reports of itself, as lines of a list: a word and its value. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from contract.language import _
from dashboard_api.language.dates import number_text
from dashboard_api.live.sentences import RoomFacts, when_text
from dashboard_api.views.text import length_text
from ingest.fleet.facts import KitFacts
from school.rooms.layout import number_ranges

__all__ = ["kit_lines"]

_MS_NS: Final = 1_000_000
_SECOND_MS: Final = 1_000
_SOON_S: Final = 1.0
_MEGABYTE: Final = 1_000_000


def kit_lines(kit: KitFacts, facts: RoomFacts) -> Iterator[tuple[str, str]]:
    """Since when, seats, clock, outbox, software, hubs; what is not known is left out."""
    if kit.is_up and kit.started_utc_ns is not None:
        yield _("On since"), when_text(kit.started_utc_ns, facts)
    if kit.seats:
        yield _("Seats"), _seats(kit)
    yield _("Clock"), _clock(kit)
    yield _("Outbox"), _outbox(kit)
    if kit.software:
        yield _("Software"), kit.software
    for hub in kit.hubs:
        parts = [_("firmware {version}", version=hub.firmware or "?")]
        if hub.battery_percent is not None:
            parts.append(_("battery {percent} %", percent=str(hub.battery_percent)))
        if hub.signal_percent is not None:
            parts.append(_("signal {percent} %", percent=str(hub.signal_percent)))
        yield hub.name, " · ".join(parts)


def _seats(kit: KitFacts) -> str:
    total = str(len(kit.seats))
    if kit.reporting is None:
        return _("{total}, nothing sensed lately", total=total)
    if not kit.silent:
        return _("all {total} report", total=total)
    return _(
        "{n} of {total} report; silent: {seats}",
        n=str(len(kit.seats) - len(kit.silent)), total=total, seats=number_ranges(kit.silent),
    )  # fmt: skip


def _clock(kit: KitFacts) -> str:
    if kit.clock_claim is not None:
        return _("wrong")
    if kit.clock_error_ns is None:
        return _("not set")
    error_ms = max(1, round(kit.clock_error_ns / _MS_NS))
    if error_ms < _SECOND_MS:
        return _("right to {ms} ms", ms=str(error_ms))
    return _("right to {seconds} s", seconds=number_text(error_ms / _SECOND_MS, 1))


def _outbox(kit: KitFacts) -> str:
    if kit.waiting_s < _SOON_S:
        return _("nothing waits")
    return _(
        "{length} wait to be sent, {size} MB",
        length=length_text(kit.waiting_s), size=number_text(kit.outbox_bytes / _MEGABYTE, 1),
    )  # fmt: skip
