"""Where readings come from: a source is one file here and one line in `SOURCES`.

docs/adding-a-sensor.md adds one from beginning to end.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

from contract.errors import ConfigurationError
from contract.finding import Finding
from edge_agent.sources.protocol import Source, SourceSettings, Wiring

__all__ = ["SOURCES", "look_over_source", "open_source", "settings_of", "source_settings"]

SOURCES: Final[dict[str, tuple[str, str]]] = {
    "hub": ("edge_agent.sources.hub", "HubSource"),
    "gpio": ("edge_agent.sources.gpio", "GpioSource"),
    "i2c": ("edge_agent.sources.i2c", "I2cSource"),
    "meter": ("edge_agent.sources.meter", "MeterSource"),
    "microphone": ("edge_agent.sources.microphone", "Microphone"),
}
"""Kind → module and class. By name, because a Pi has little memory: only those that the settings
name are imported."""


def _class_of(kind: str) -> type[Source[Any]]:
    module, name = SOURCES[kind]
    found: type[Source[Any]] = getattr(import_module(module), name)
    return found


def settings_of(kind: str) -> type[SourceSettings]:
    """The settings that a kind of source has."""
    return _class_of(kind).Settings


def source_settings(table: object, *, where: str, at: str) -> SourceSettings:
    """The settings of one `[[source]]` table; raises ConfigurationError naming its key."""
    if isinstance(table, SourceSettings):
        return table
    kind = table.get("kind") if isinstance(table, dict) else None
    # Hubs and the microphone have tables of their own.
    known = sorted(SOURCES.keys() - {"hub", "microphone"})
    if not isinstance(table, dict) or kind not in known:
        raise ConfigurationError(where, f"{at}.kind", kind, " or ".join(map(repr, known)))
    return settings_of(str(kind)).checked(table, where=where, within=f"{at}.")


def open_source(settings: SourceSettings, wiring: Wiring) -> Source[Any]:
    """The source that some settings describe. Nothing is opened or read before its `run`."""
    return _class_of(settings.kind)(settings, wiring)


def look_over_source(settings: SourceSettings) -> Iterator[Finding]:
    """The doctor's check of one source."""
    return _class_of(settings.kind).look_over(settings)
