"""A room's plan and its kits, as the page of its set-up shows them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from contract.language import _
from dashboard_api.language.dates import date_text
from ingest.authority.records import NodeState
from ingest.fleet.facts import KitFacts
from school.rooms.defaults import default_hubs
from school.rooms.layout import number_ranges, plan_text, zones_by_layout
from school.rooms.records import Kit, Room
from school.rooms.typed import hub_text, zone_text

__all__ = ["KitCard", "Place", "SetUp", "StepState", "set_up", "step_state"]

_TINTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place of the plan; without a seat it is an aisle."""

    seat: int | None = None
    zone: str = ""
    tint: int = 0
    hub: str = ""
    words: str = ""
    """The same for who does not see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KitCard:
    """A kit of the room, and what its certificate and its code are like."""

    node: str
    hubs: tuple[tuple[str, str], ...]
    """Name and seats."""
    typed: str
    """The hubs as a person types them, a line each."""
    sound: str
    state: str
    is_enrolled: bool
    is_locked_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """All of the page."""

    room: Room
    places: tuple[tuple[Place, ...], ...]
    kits: tuple[KitCard, ...]
    without_sensor: str
    plan: str
    zones: str
    free_hubs: str
    """The hubs that a further kit may have, as a person types them."""
    follows_plan: bool
    """Whether the zones are those that the plan makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """How far a kit is on its way from a code to its first report."""

    state: str
    """`waiting`, `trouble`, `enrolled` or `reported`."""
    words: str

    @property
    def is_over(self) -> bool:
        return self.state in {"reported", "trouble"}


def set_up(room: Room, nodes: Mapping[str, NodeState], zone: tzinfo | None) -> SetUp:
    """The page of a room; `nodes` is what the authority says, empty where it can't be asked."""
    zone_of = {seat: at for at, each in enumerate(room.zones) for seat in each.seats}
    hub_of = {
        seat: (kit.node, hub.name) for kit in room.kits for hub in kit.hubs for seat in hub.seats
    }
    several = len(room.kits) > 1

    def place(seat: int | None) -> Place:
        if seat is None:
            return Place()
        at = zone_of.get(seat)
        name = "" if at is None else room.zones[at].name
        node, hub = hub_of.get(seat, ("", ""))
        where = f"{node}/{hub}" if several and hub else hub
        words = _("Seat {seat}", seat=str(seat))
        if name:
            words = _("{seat}, zone {zone}", seat=words, zone=name)
        words = _("{seat}, no sensor", seat=words) if not hub else f"{words}, {where}"
        return Place(
            seat=seat, zone=name, tint=0 if at is None else at % _TINTS + 1, hub=where, words=words
        )

    free = sorted(room.seats - room.sensed)
    return SetUp(
        room=room,
        places=tuple(tuple(place(seat) for seat in line) for line in room.plan),
        kits=tuple(_kit(kit, nodes.get(kit.node), zone) for kit in room.kits),
        without_sensor=number_ranges(free),
        plan=plan_text(room.plan),
        zones="\n".join(map(zone_text, room.zones)),
        free_hubs="\n".join(hub_text(hub, at) for at, hub in enumerate(default_hubs(free), 1)),
        follows_plan=room.zones == zones_by_layout(room.plan),
    )


def step_state(node: NodeState | None, kit: KitFacts | None) -> StepState:
    """Where a kit with a code is: `node` is what the authority says, `kit` what has arrived."""
    if node is None:
        return StepState(
            state="trouble", words=_("There is no code for this kit any more. Make a new one.")
        )
    match node.code:
        case "open" if node.tries_left < _MAX_TRIES:
            return StepState(
                state="waiting",
                words=_(
                    "Waiting for the kit. A wrong code was tried; {n} more tries are left.",
                    n=str(node.tries_left),
                ),
            )
        case "open":
            return StepState(state="waiting", words=_("Waiting for the kit."))
        case "expired":
            return StepState(state="trouble", words=_("The code has expired. Make a new one."))
        case "void":
            return StepState(
                state="trouble",
                words=_("The code is void: a wrong one was tried five times. Make a new one."),
            )
        case "none":
            pass
    if node.revoked_at is not None or node.enrolled_at is None:
        return StepState(
            state="trouble", words=_("This kit is locked out. Make a new code for it.")
        )
    if kit is not None and kit.has_reported and kit.is_up:
        return StepState(
            state="reported",
            words=_("The kit is enrolled, and it has reported. It is ready for the next lesson."),
        )
    return StepState(
        state="enrolled",
        words=_("The kit is enrolled. Waiting for its first report; that takes some seconds."),
    )


_MAX_TRIES = 5


def _kit(kit: Kit, node: NodeState | None, zone: tzinfo | None) -> KitCard:
    return KitCard(
        node=kit.node,
        hubs=tuple((hub.name, ", ".join(map(str, hub.seats))) for hub in kit.hubs),
        typed="\n".join(hub_text(hub, at) for at, hub in enumerate(kit.hubs, 1)),
        sound=kit.sound,
        state=_state(node, zone),
        is_enrolled=node is not None and node.valid_until is not None,
        is_locked_out=node is not None and node.revoked_at is not None,
    )


def _state(node: NodeState | None, zone: tzinfo | None) -> str:
    if node is None:
        return _("It has no certificate yet: make a code for it.")
    if node.code == "open":
        return _("A code is open for it.")
    if node.revoked_at is not None:
        if node.disconnected_at is None:
            return _("It is being locked out.")
        return _("It is locked out since {day}.", day=_day(node.revoked_at, zone))
    if node.valid_until is None:
        return _("It has no certificate yet: make a code for it.")
    if node.valid_until < datetime.now(UTC):
        return _(
            "Its certificate ended on {day}. It renews it when it is on and reaches the server.",
            day=_day(node.valid_until, zone),
        )
    return _("Its certificate is valid until {day}.", day=_day(node.valid_until, zone))


def _day(moment: datetime, zone: tzinfo | None) -> str:
    return date_text(moment.astimezone(zone).date())
