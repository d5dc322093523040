"""All rooms with their kits, for the command; the pages read a room at a time."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from contract.language import _
from ingest.doctor.nodes import notice_advice, stream_findings
from ingest.fleet.facts import KitFacts, kit_facts
from ingest.fleet.preflight import Preflight, preflight
from ingest.fleet.trouble import At, Trouble, kit_troubles, locked_out_text, room_troubles
from ingest.stores.protocol import PeriodReader
from school.rooms.records import Room

__all__ = ["FleetKit", "FleetRoom", "newest_version", "read_fleet", "room_kits"]

_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetKit:
    """A kit with what is wrong with it."""

    facts: KitFacts
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRoom:
    """A room: whether it is ready for a lesson, and its kits."""

    room: str
    site: str
    ready: Preflight
    kits: tuple[FleetKit, ...]
    troubles: tuple[Trouble, ...] = ()
    """Those between its kits."""

    @property
    def is_wrong(self) -> bool:
        """Whether somebody has to look after it."""
        each = [*self.troubles, *(trouble for kit in self.kits for trouble in kit.troubles)]
        return self.ready.state != "ready" or any(trouble.state == "wrong" for trouble in each)


def room_kits(
    reader: PeriodReader,
    name: str,
    rooms: Mapping[str, Room],
    opted_out: Iterable[tuple[str, int]],
    now_utc_ns: int,
) -> list[KitFacts]:
    """The kits of a room: those that reported, and those that are only described, by name.

    Of a room that is described, a kit that is off and not described any more has been removed.
    """
    room = rooms.get(name)
    described = {} if room is None else {kit.node: kit for kit in room.kits}
    elsewhere = {kit.node: other.name for other in rooms.values() for kit in other.kits
                 if other.name != name}  # fmt: skip
    out = frozenset(seat for place, seat in opted_out if place == name)
    found: dict[str, KitFacts] = {}
    for stream in reader.newest_runs(name):
        facts = kit_facts(reader, stream, now_utc_ns=now_utc_ns, opted_out=out)
        if facts.is_up or stream.node in described or not described:
            found[stream.node] = replace(
                facts, described=described.get(stream.node), is_room_described=bool(described),
                described_in=elsewhere.get(stream.node, ""),
            )  # fmt: skip
    for node, kit in described.items():
        if node not in found:
            found[node] = KitFacts(
                node=node, room=name, is_up=False, has_reported=False, described=kit,
                is_room_described=True, opted_out=out,
            )  # fmt: skip
    return [found[node] for node in sorted(found)]


def read_fleet(
    reader: PeriodReader,
    rooms: Mapping[str, Room],
    opted_out: Sequence[tuple[str, int]],
    *,
    now_utc_ns: int,
    at: At,
    is_wanted: Callable[[str], bool],
    locked_out: Collection[str] = (),
) -> list[FleetRoom]:
    """Every room that has a kit or is described, by name; of kits in `locked_out` it says so."""
    sites: dict[str, str] = {name: room.site for name, room in rooms.items()}
    for stream in reader.runs("newest"):
        sites.setdefault(stream.room, stream.site)
    kits = {
        name: room_kits(reader, name, rooms, opted_out, now_utc_ns)
        for name in sorted(filter(is_wanted, sites))
    }
    newest = newest_version(kit.software for some in kits.values() for kit in some if kit.is_up)
    more = _more(reader)
    return [
        FleetRoom(
            room=name, site=sites[name], ready=preflight(some),
            troubles=tuple(room_troubles(name, some)),
            kits=tuple(
                FleetKit(
                    facts=kit,
                    troubles=(
                        *_off(kit, locked_out), *kit_troubles(kit, at=at, newest_software=newest),
                        *more[name, kit.node],
                    ),
                )
                for kit in some
            ),
        )
        for name, some in kits.items()
    ]  # fmt: skip


def newest_version(versions: Iterable[str]) -> str:
    """The highest of some versions; "" if there is none."""
    return max(versions, key=lambda text: [int(n) for n in _NUMBERS.findall(text)], default="")


def _off(kit: KitFacts, locked_out: Collection[str]) -> Iterable[Trouble]:
    if kit.is_up:
        return
    if kit.node in locked_out:
        yield Trouble(state="wrong", text=locked_out_text(kit.node))
    elif kit.has_reported:
        yield Trouble(
            state="wrong",
            text=_(
                "The kit {node} is off or out of reach. Switch it on, and check its power and its network "
                "connection.",
                node=kit.node,
            ),
        )


def _more(reader: PeriodReader) -> Mapping[tuple[str, str], list[Trouble]]:
    """What the doctor says of kits, and what ingest holds against them."""
    found: dict[tuple[str, str], list[Trouble]] = defaultdict(list)
    for stream in reader.runs("up"):
        for state, said, advice in stream_findings(reader, stream, None, of_sensors=False):
            if state != "fine":
                found[stream.room, stream.node].append(
                    Trouble(state=state, text=_sentence(said, advice))
                )
    for notice in reader.notices():
        text = _sentence(notice.sentence, notice_advice(notice))
        found[notice.room, notice.node].append(Trouble(state="note", text=text))
    return found


def _sentence(said: str, advice: str) -> str:
    return f"{said[:1].upper()}{said[1:]}. To do: {advice}."
