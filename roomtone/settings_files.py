"""The settings files of a chain on one machine, as a school would write them by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from contract.settings import BrokerSettings

__all__ = ["edge_toml", "server_toml"]


def server_toml(*, site: str, data_dir: Path, broker: BrokerSettings, time_zone: str) -> str:
    """A `server.toml` for ingest, score and dashboard."""
    return (
        _lines({"site": site, "data_dir": str(data_dir)})
        + _table("broker", _broker(broker))
        + _table("lessons", {"time_zone": time_zone})
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
    """An `edge.toml`; each hub is its table's keys and values."""
    return (
        _lines({"site": site, "room": room, "node": node})
        + _table("broker", _broker(broker))
        + _table("outbox", {"dir": str(outbox)})
        + _table("sound", {"source": "hub" if has_sound else "none"})
        + "".join("\n[[hub]]\n" + _lines(hub) for hub in hubs)
    )


def _broker(broker: BrokerSettings) -> dict[str, object]:
    return broker.model_dump(mode="json", exclude_defaults=True)


def _table(name: str, values: Mapping[str, object]) -> str:
    return f"\n[{name}]\n{_lines(values)}"


def _lines(values: Mapping[str, object]) -> str:
    # JSON's strings, numbers and arrays are TOML's too.
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
