"""Writes settings files; JSON's strings, numbers and arrays are valid TOML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from contract.clock import ScaledClock
from contract.settings import BrokerSettings

__all__ = ["broker_table", "clock_option", "server_toml", "toml"]


def toml(
    top: Mapping[str, object],
    *,
    hubs: Sequence[Mapping[str, object]] = (),
    **tables: Mapping[str, object],
) -> str:
    """A file with top-level keys, tables, and a table for each hub of an edge."""
    return (
        _lines(top)
        + "".join(f"\n[{name}]\n{_lines(table)}" for name, table in tables.items())
        + "".join(f"\n[[hub]]\n{_lines(hub)}" for hub in hubs)
    )


def _lines(table: Mapping[str, object]) -> str:
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())


def server_toml(
    *, site: str, data_dir: Path, broker: BrokerSettings, time_zone: str, videos: Path | None = None
) -> str:
    """A `server.toml` for ingest, score and dashboard; videos and their keys below one folder."""
    video: dict[str, object] = {}
    if videos is not None:
        video["directory"] = str(videos / "files")
        video["key_directory"] = str(videos / "keys")
        video["reserve_gb"] = 0.5
    return toml(
        {"site": site, "data_dir": str(data_dir)},
        broker=broker_table(broker),
        # The lesson may be of any year, so its clock is not compared with this machine's.
        ingest={"health_port": 0, "max_clock_error_s": 0},
        score={"health_port": 0},
        lessons={"time_zone": time_zone},
        video=video,
    )


def broker_table(broker: BrokerSettings) -> dict[str, object]:
    """The table `broker` of either file."""
    return broker.model_dump(mode="json", exclude_defaults=True)


def clock_option(clock: ScaledClock) -> tuple[str, str]:
    """The option that gives a program this clock."""
    return "--simulated-clock", f"{clock.speed}:{clock.anchor_ns}:{clock.utc_at_anchor_ns}"
