"""Checks that each node runs its configuration: lessons, and the seats that opted out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from contract.errors import DecodeError
from contract.finding import Finding
from contract.mqtt.broker_check import retained
from contract.settings import BrokerSettings
from contract.wire.messages import Birth, Config, ConfigReported, Death, decode_state

__all__ = ["config_findings"]


def config_findings(
    broker: BrokerSettings, site: str, opted_out: list[tuple[str, int]]
) -> Iterator[Finding]:
    """Compare each node's retained configuration with the one that it reports."""
    prefix = f"roomtone/1/{site}/"
    topics = tuple(f"{prefix}+/+/{kind}" for kind in ("state", "config", "config/reported"))
    said, fault = retained(broker, topics)
    if fault is not None:
        return  # there is a finding about the broker
    for topic, payload in sorted(said.items()):
        if not topic.endswith("/config"):
            continue
        room, node = topic.removeprefix(prefix).split("/")[:2]
        meant: Config | None = None
        runs: ConfigReported | None = None
        with suppress(DecodeError):
            meant = Config.decode(payload)
        with suppress(DecodeError, KeyError):
            runs = ConfigReported.decode(said[f"{topic}/reported"])
        excluded = [seat for each, seat in opted_out if each == room]
        state: Birth | Death | None = None
        with suppress(DecodeError, KeyError):
            state = decode_state(said[f"{prefix}{room}/{node}/state"])
        # A node that is off needs no configuration; but an unreachable one may go on sensing.
        if meant is None or not (excluded or isinstance(state, Birth)):
            continue
        yield _finding(room, node, meant, runs, excluded)


def _finding(
    room: str, node: str, meant: Config, runs: ConfigReported | None, opted_out: list[int]
) -> Finding:
    about = f"configuration of {node} in {room}"
    seats = ", ".join(map(str, opted_out))
    if seats:
        seats = f"seats {seats}" if len(opted_out) > 1 else f"seat {seats}"
    if sorted(meant.excluded_seats) != opted_out:
        return Finding(
            about=about, state="wrong",
            said=f"does not say yet which seats have opted out ({seats or 'none'})",
            advice="start `roomtone ingest`, which sends it to the nodes; if it runs, check its log",
        )  # fmt: skip
    if runs is None or runs.revision != meant.revision:
        known = "has not reported" if runs is None else f"runs version {runs.revision} of"
        goes_on = f"; {seats} opted out and may still be sensed" if seats else ""
        return Finding(
            about=about, state="wrong" if seats else "note",
            said=f"it {known} its configuration; the current one is {meant.revision}{goes_on}",
            advice="nothing, if it is switched off: it gets it when it connects; else restart it",
        )  # fmt: skip
    also = f"; without {seats}, which opted out" if seats else ""
    return Finding(about=about, state="fine", said=f"it runs version {runs.revision}{also}")
