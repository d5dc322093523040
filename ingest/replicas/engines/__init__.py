"""The databases that can be replicas, by kind; they need the extra `replicas`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final, cast

from contract.clock import Clock
from contract.errors import UsageError
from ingest.replicas.engines.protocol import Engine
from ingest.replicas.settings import EngineKind, ReplicaSettings

__all__ = ["ENGINES", "open_engine"]

ENGINES: Final[dict[EngineKind, tuple[str, str]]] = {
    "influxdb1": ("influxdb", "InfluxDB1"),
    "influxdb2": ("influxdb", "InfluxDB2"),
    "influxdb3": ("influxdb", "InfluxDB3"),
    "victoriametrics": ("victoriametrics", "VictoriaMetrics"),
}
"""Kind → module and class: imported when one is opened, so that no other server needs the library."""


def open_engine(settings: ReplicaSettings, clock: Clock) -> Engine:
    """The database of a replica, without asking it anything; raises ConfigurationError or UsageError."""
    module, name = ENGINES[settings.kind]
    try:
        made = getattr(import_module(f"{__name__}.{module}"), name)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The replica {settings.name} needs {error.name}, which is not installed: install "
            "roomtone with the extra `replicas`."
        ) from error
    return cast("Callable[[ReplicaSettings, Clock], Engine]", made)(settings, clock)
