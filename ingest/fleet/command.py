"""`roomtone fleet`: each room live or not, what its kits report, what is wrong, and what to do."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from contract.clock import SECOND_NS, Clock, SystemClock
from contract.errors import LinkError, StoreError, UsageError
from contract.one_line import say
from ingest.authority.client import AuthorityClient
from ingest.config_option import add_config_option
from ingest.fleet.facts import KitFacts
from ingest.fleet.reading import FleetKit, FleetRoom, read_fleet
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader
from school import open_school
from school.rooms.layout import number_ranges

__all__ = ["add_arguments", "fleet_lines", "run"]

_READY: Final = {"ready": "ready", "partly": "ready in part", "not_ready": "NOT READY"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    parser.add_argument("room", nargs="*", metavar="ROOM", help="only these rooms")
    parser.add_argument("--wrong", action="store_true", help="only rooms that need somebody")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    add_config_option(parser)


def run(args: argparse.Namespace, clock: Clock | None = None) -> int:
    """Print it; returns 1 if a room needs somebody."""
    settings = ServerSettings.load(args.config)
    if not (settings.data_dir / "main.db").exists():
        raise UsageError(
            f"{settings.data_dir} has no main.db: ingest has never run here; check `data_dir`."
        )
    zone, now_ns = settings.lessons.zone, (clock or SystemClock()).utc_ns()
    locked_out, unasked = _locked_out(settings)
    with ExitStack() as stack:
        reader = stack.enter_context(closing(open_period_reader(settings.data_dir)))
        school = stack.enter_context(
            closing(open_school(settings.data_dir, settings.school.database_url))
        )
        found = read_fleet(
            reader, school.rooms.rooms(), school.lessons.opted_out(), now_utc_ns=now_ns,
            at=lambda ns: _time(ns, zone),
            is_wanted=lambda room: not args.room or room in args.room, locked_out=locked_out,
        )  # fmt: skip
    unknown = set(args.room) - {room.room for room in found}
    if unknown:
        raise UsageError(
            f"There is no room {min(unknown)}; `roomtone fleet` without a name shows all."
        )
    shown = [room for room in found if room.is_wrong or not args.wrong]
    if args.json:
        say(json.dumps({"rooms": [_json(room) for room in shown]}))
    else:
        for line in fleet_lines(found, shown, lambda ns: _time(ns, zone)):
            say(line)
        if unasked and any(
            kit.facts.has_reported and not kit.facts.is_up for room in shown for kit in room.kits
        ):
            say(f"whether a kit that is off is locked out is not known: {unasked}")
    return int(any(room.is_wrong for room in found))


def _locked_out(settings: ServerSettings) -> tuple[frozenset[str], str]:
    """The kits that the authority has locked out, and why it can't say; none where there is no authority."""
    if not settings.authority.admin_socket.exists():
        return frozenset(), ""
    try:
        nodes = AuthorityClient(settings.authority.admin_socket).nodes()
    except (LinkError, StoreError) as error:
        return frozenset(), str(error)
    return frozenset(each.node for each in nodes if each.revoked_at is not None), ""


def fleet_lines(
    rooms: list[FleetRoom], shown: list[FleetRoom], at: Callable[[int], str]
) -> Iterator[str]:
    """The report, those that need somebody first."""
    kits = [kit.facts for room in rooms for kit in room.kits]
    wrong = sum(room.is_wrong for room in rooms)
    live = sum(kit.is_up for kit in kits)
    yield (
        f"{live} of {len(kits)} {'kit is' if len(kits) == 1 else 'kits are'} live; "
        f"{len(rooms)} {'room' if len(rooms) == 1 else 'rooms'}, {wrong} to check"
    )
    for room in sorted(shown, key=lambda each: (not each.is_wrong, each.room)):
        yield ""
        yield f"{'CHECK' if room.is_wrong else 'ok':<6} {room.room}: {_READY[room.ready.state]}"
        for said in (*room.ready.missing, *(trouble.text for trouble in room.troubles)):
            yield f"       {said}"
        for kit in room.kits:
            yield from _kit_lines(kit, at)
    if not rooms:
        yield "no room is described and no kit has reported: roomtone room add ROOM --seats 30"


def _kit_lines(kit: FleetKit, at: Callable[[int], str]) -> Iterator[str]:
    facts = kit.facts
    yield f"  {facts.node}: {'; '.join(_facts(facts, at))}"
    for trouble in kit.troubles:
        yield f"       → {trouble.text}"


def _facts(kit: KitFacts, at: Callable[[int], str]) -> Iterator[str]:
    if not kit.has_reported:
        yield "described, never reported"
        return
    since = "" if kit.started_utc_ns is None else f" since {at(kit.started_utc_ns)}"
    yield f"live{since}" if kit.is_up else "off or out of reach"
    if kit.newest_utc_ns is not None:
        yield f"last reading {at(kit.newest_utc_ns)}"
    if kit.reporting is not None:
        silent = f" (silent: {number_ranges(kit.silent)})" if kit.silent else ""
        yield f"{len(kit.seats) - len(kit.silent)} of {len(kit.seats)} seats report{silent}"
    elif kit.seats:
        yield f"{len(kit.seats)} seats, nothing sensed lately"
    if kit.clock_error_ns is not None:
        yield f"clock ±{kit.clock_error_ns / 1e6:.0f} ms"
    else:
        yield "clock not set"
    waits = f"{kit.waiting_s:.0f} s wait" if kit.waiting_s >= 1 else "nothing waits"
    yield f"{waits}, outbox {kit.outbox_bytes / 1e6:.1f} MB"
    yield f"software {kit.software or 'unknown'}"
    for hub in kit.hubs:
        more = "".join(
            f", {what} {value} %"
            for what, value in (("battery", hub.battery_percent), ("signal", hub.signal_percent))
            if value is not None
        )
        yield f"{hub.name} firmware {hub.firmware or 'unknown'}{more}"


def _json(room: FleetRoom) -> dict[str, Any]:
    return {
        "room": room.room, "site": room.site, "is_wrong": room.is_wrong,
        "ready": room.ready.state, "missing": room.ready.missing,
        "troubles": [trouble.text for trouble in room.troubles],
        "kits": [_kit_json(kit) for kit in room.kits],
    }  # fmt: skip


def _kit_json(kit: FleetKit) -> dict[str, Any]:
    facts = kit.facts
    return {
        "node": facts.node, "is_live": facts.is_up, "has_reported": facts.has_reported,
        "started_at": _iso(facts.started_utc_ns), "last_reading_at": _iso(facts.newest_utc_ns),
        "seats": facts.seats,
        "reporting": None if facts.reporting is None else sorted(facts.reporting),
        "silent": facts.silent,
        "clock_error_ms": None if facts.clock_error_ns is None else facts.clock_error_ns / 1e6,
        "waiting_s": facts.waiting_s, "outbox_bytes": facts.outbox_bytes,
        "software": facts.software,
        "hubs": [
            {"name": hub.name, "firmware": hub.firmware, "seats": hub.seats,
             "battery_percent": hub.battery_percent, "signal_percent": hub.signal_percent}
            for hub in facts.hubs
        ],
        "troubles": [{"state": each.state, "text": each.text} for each in kit.troubles],
    }  # fmt: skip


def _iso(utc_ns: int | None) -> str | None:
    if utc_ns is None:
        return None
    return datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC).isoformat()


def _time(utc_ns: int, zone: tzinfo | None) -> str:
    return f"{datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC).astimezone(zone):%Y-%m-%d %H:%M}"
