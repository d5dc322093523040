"""What a message means: sorts each one that arrives into the tick that keeps it.

Bytes in, records out. Whatever does not fit raises DecodeError with where and what; the keeper
then keeps the message aside with that as the reason.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from contract.errors import DecodeError, PayloadError, brief
from contract.messages import Birth, Health, Timebase, decode_state
from contract.payload import Batch, decode
from contract.topics import Topic, TopicKind, subscription
from ingest.stores.records import Arrival, Tick
from ingest.stores.rules.admission import unfit

__all__ = ["TAKEN", "sort_message", "subscriptions"]

TAKEN: Final[tuple[TopicKind, ...]] = ("state", "data", "timebase", "health")
"""The kinds of message that ingest takes from nodes."""


def subscriptions(site: str) -> tuple[str, ...]:
    """The filters that ingest subscribes to."""
    return tuple(subscription(site, kind) for kind in TAKEN)


@lru_cache(maxsize=8_192)  # four topics a node; taking one apart costs as much as a small batch
def _parse(topic: str) -> Topic:
    return Topic.parse(topic)


def sort_message(
    tick: Tick, *, site: str, topic: str, payload: bytes, is_retained: bool, live_age_ms: float
) -> object:
    """Put a message into the tick, and return what it is there.

    Raises DecodeError if it does not fit, and adds nothing.
    """
    name = _parse(topic)
    if name.site != site:
        raise DecodeError("topic site", f"{name.site!r} is not this server's site {site!r}")
    if name.kind not in TAKEN:
        raise DecodeError("topic kind", f"{name.kind!r} is nothing that ingest takes")
    if is_retained and name.kind != "state":
        # Someone's test or attack: no node retains these, and it would come back each reconnect.
        raise DecodeError("retain flag", f"a retained {name.kind} message is not taken")
    if name.kind == "data":
        arrival = _arrival(name, payload, live_age_ms)
        tick.arrivals.append(arrival)
        return arrival
    if name.kind == "state":
        return _add_state(tick, name, payload)
    if name.kind == "timebase":
        timebase = Timebase.decode(payload)
        _check_node(name, timebase.node)
        tick.timebases.append(timebase)
        return timebase
    health = Health.decode(payload)
    _check_node(name, health.node)
    tick.healths.append(health)
    return health


def _arrival(name: Topic, payload: bytes, live_age_ms: float) -> Arrival:
    message = decode(payload)
    _check_node(name, message.node)
    reason = unfit(message)
    if reason is not None:
        raise PayloadError("batch", reason)
    is_live = (
        isinstance(message, Batch)
        and message.waited_ms is not None
        and message.waited_ms < live_age_ms
    )
    return Arrival(site=name.site, room=name.room, message=message, is_live=is_live)


def _add_state(tick: Tick, name: Topic, payload: bytes) -> object:
    state = decode_state(payload)
    _check_node(name, state.node)
    if isinstance(state, Birth):
        # The store takes a tick's births before its deaths. A node that was lost and came back
        # within one tick is up, so its death goes.
        tick.deaths[:] = [
            death
            for death in tick.deaths
            if (death[2].node, death[2].run) != (state.node, state.run)
        ]
        born = name.site, name.room, state
        tick.births.append(born)
        return born
    dead = name.site, name.room, state
    tick.deaths.append(dead)
    return dead


def _check_node(name: Topic, node: str) -> None:
    if node != name.node:
        raise PayloadError(
            "node", f"the payload is from {brief(node)}, its topic says {name.node!r}"
        )
