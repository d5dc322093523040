"""Writes the settings files of a chain on one machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from contract.settings import BrokerSettings
from roomtone.demo.toml import lines, toml

__all__ = ["edge_toml", "server_toml"]


def server_toml(*, site: str, data_dir: Path, broker: BrokerSettings, time_zone: str) -> str:
    """A `server.toml` for ingest, score and dashboard."""
    return toml(
        {"site": site, "data_dir": str(data_dir)},
        broker=_broker(broker),
        # The lesson may be of any year, so its clock is not compared with this machine's.
        ingest={"health_port": 0, "max_clock_error_s": 0},
        score={"health_port": 0},
        lessons={"time_zone": time_zone},
    )


def edge_toml(
    *,
    site: str,
    room: str,
    node: str,
    broker: BrokerSettings,
    outbox: Path,
    has_sound: bool,
    hubs: Sequence[Mapping[str, object]],
) -> str:
    """An `edge.toml`; each hub is a mapping of its table's keys and values."""
    return toml(
        {"site": site, "room": room, "node": node},
        broker=_broker(broker),
        outbox={"dir": str(outbox)},
        sound={"source": "hub" if has_sound else "none"},
    ) + "".join("\n[[hub]]\n" + lines(hub) for hub in hubs)


def _broker(broker: BrokerSettings) -> dict[str, object]:
    return broker.model_dump(mode="json", exclude_defaults=True)
