"""The edge agent's settings: edge.toml, explained key by key in docs/edge.md."""

from __future__ import annotations

import ipaddress
from collections import Counter
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationInfo, model_validator

from contract.errors import ConfigurationError
from contract.settings import BrokerSettings, Name, Settings
from contract.topics import Topic
from contract.wire.parts import MAX_HUBS
from edge_agent.sources import source_settings
from edge_agent.sources.hub import HubSettings
from edge_agent.sources.protocol import SourceSettings
from edge_agent.sources.sound_settings import SoundSettings

__all__ = ["DeliverySettings", "EdgeSettings", "HubSettings", "SwitchSettings"]

PERIOD_NS = 1_000_000_000
"""A period is one second: quantities and the store rely on it, so it is no setting."""


class EdgeBrokerSettings(BrokerSettings):
    """The broker, and whether others may read the connection to it."""

    allow_plain: bool = False
    """Without TLS only a broker on this machine is accepted, unless this is true."""


class OutboxSettings(Settings):
    """Where periods wait on disk when ingest can't be reached."""

    dir: Path = Path("/var/lib/roomtone/outbox")
    """A directory for this agent only; it is created if it is missing."""
    max_bytes: Annotated[int, Field(ge=2 << 20, le=1 << 40)] = 256 << 20
    """At this size about five of the oldest minutes are dropped, and a gap says so."""


class DeliverySettings(Settings):
    """When periods are sent, resent and written to disk. All times are real seconds."""

    spill_s: Annotated[float, Field(ge=1.0, le=600.0)] = 10.0
    """What ingest has not acknowledged after this goes to the outbox."""
    ack_timeout_s: Annotated[float, Field(ge=1.0, le=600.0)] = 15.0
    """What is not acknowledged after this is sent again."""
    max_unacked: Annotated[int, Field(ge=2, le=2_000)] = 256
    """Messages that may await an acknowledgement; the backlog takes at most half of them."""
    max_in_memory: Annotated[int, Field(ge=60, le=100_000)] = 3_600
    """Periods kept in memory while the outbox can't be written; then the oldest become a gap."""
    grace_s: Annotated[float, Field(ge=0.1, le=30.0)] = 6.0
    """How long a period waits for a late hub that is up. A hub that is silent for 5 s is no longer
    up, so with a longer time nothing comes too late."""
    stop_wait_s: Annotated[float, Field(ge=0.0, le=60.0)] = 4.0
    """How long a clean stop waits for the last acknowledgements."""
    watchdog_s: Annotated[float, Field(ge=5.0, le=3600.0)] = 60.0
    """The agent reconnects if ingest is up and acknowledges nothing for this long."""


Pin = Annotated[int, Field(ge=0, le=27)]


class SwitchSettings(Settings):
    """The button that switches sensing off, and the light that shows whether the kit senses."""

    button_pin: Pin | None = None
    """The GPIO (its BCM number) between which and ground the button is; unset: there is none."""
    led_pin: Pin | None = None
    """The GPIO of the light, with its resistor to ground; unset: there is none."""
    led_brightness: Annotated[float, Field(ge=0.02, le=1.0)] = 0.5
    """How bright the light is, as a share of the most."""

    @model_validator(mode="after")
    def _refuse_one_pin_for_both(self) -> Self:
        if self.button_pin is not None and self.button_pin == self.led_pin:
            raise ConfigurationError(
                "settings", "switch.led_pin", self.led_pin, "another pin than the button's"
            )
        return self


class LimitSettings(Settings):
    """How much may wait where, so that nothing grows without bound."""

    max_events: Annotated[int, Field(ge=100, le=1_000_000)] = 20_000
    """Reader events that wait for the agent; at the limit the reader and its line wait."""
    max_buffered_s: Annotated[int, Field(ge=10, le=3_600)] = 128
    """Seconds of a hub's samples that wait for their period. From three quarters of it on a period
    waits for no hub; at the limit samples are dropped and counted."""
    max_undated: Annotated[int, Field(ge=50, le=100_000)] = 4_096
    """Frames of a hub that wait until its clock is known; then the oldest are dropped and
    counted."""
    max_received: Annotated[int, Field(ge=10, le=100_000)] = 2_000
    """Messages from the broker that wait for the agent; at the limit the network thread waits."""
    max_in_flight: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Messages under way that the broker has not confirmed."""
    max_queued: Annotated[int, Field(ge=10, le=100_000)] = 200
    """Unconfirmed messages, with those under way; at the limit sending waits."""
    max_commands: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Commands whose results are remembered; an older one that is repeated is obeyed again."""


def _by_kind(tables: object, info: ValidationInfo) -> object:
    """Each `[[source]]` table as the settings of its kind."""
    if not isinstance(tables, list | tuple):
        return tables
    where = str((info.context or {}).get("where", "settings"))
    return tuple(
        source_settings(table, where=where, at=f"source.{place}")
        for place, table in enumerate(tables)
    )


class EdgeSettings(Settings):
    """Everything that `roomtone edge` needs to know."""

    renamed: ClassVar[dict[str, str]] = {
        "delivery.most_unacked": "delivery.max_unacked",
        "delivery.most_in_memory": "delivery.max_in_memory",
        "limits.most_events": "limits.max_events",
        "limits.most_buffered_s": "limits.max_buffered_s",
        "limits.most_undated": "limits.max_undated",
        "limits.most_received": "limits.max_received",
        "limits.most_in_flight": "limits.max_in_flight",
        "limits.most_queued": "limits.max_queued",
        "limits.most_commands": "limits.max_commands",
    }

    site: Name
    """The school."""
    room: Name
    """The room that the seats are in."""
    node: Name
    """This Pi; with TLS the common name of its certificate."""
    hub: Annotated[tuple[HubSettings, ...], Field(max_length=MAX_HUBS)] = ()
    """Up to eight hubs."""
    source: Annotated[
        tuple[SerializeAsAny[SourceSettings], ...],
        Field(max_length=2 * MAX_HUBS),
        BeforeValidator(_by_kind),
    ] = ()
    """Other sources: sensors on the Pi's own bus, and what else `edge_agent/sources/` reads."""
    broker: EdgeBrokerSettings = EdgeBrokerSettings()
    """How to reach the MQTT broker."""
    sound: SoundSettings = SoundSettings()
    """Where sound levels come from."""
    outbox: OutboxSettings = OutboxSettings()
    """Where periods wait on disk."""
    delivery: DeliverySettings = DeliverySettings()
    """When periods are sent, sent again and written down."""
    switch: SwitchSettings = SwitchSettings()
    """The button and the light on the kit."""
    limits: LimitSettings = LimitSettings()
    """How much may wait where."""

    @property
    def sources(self) -> tuple[SourceSettings, ...]:
        """All that readings come from: the hubs first, and the microphone last if there is one."""
        microphone = (self.sound.microphone,) if self.sound.source == "microphone" else ()
        return (*self.hub, *self.source, *microphone)

    @property
    def seat_sources(self) -> tuple[SourceSettings, ...]:
        """The sources with seats, in the order in which a birth lists them."""
        return tuple(source for source in self.sources if source.seat_numbers)

    @property
    def seats(self) -> tuple[int, ...]:
        """All seats of the room, source by source."""
        return tuple(seat for source in self.seat_sources for seat in source.seat_numbers)

    @model_validator(mode="after")
    def _refuse_clashes(self) -> Self:
        claims: dict[str, list[object]] = {"seats": list(self.seats)}
        claims["name"] = [source.name for source in self.sources]
        pins = (self.switch.button_pin, self.switch.led_pin)
        claims["pin"] = [pin for pin in pins if pin is not None]
        for source in self.sources:
            for key, value in source.claims:
                claims.setdefault(key, []).append(value)
        for key, values in claims.items():
            value, count = Counter(values).most_common(1)[0] if values else (None, 0)
            if count > 1:
                table = "source" if self.source else "hub"
                raise ConfigurationError("settings", f"{table}.{key}", value, "each value once")
        if not 1 <= len(self.seat_sources) <= MAX_HUBS:
            names = [source.name for source in self.seat_sources]
            expected = f"1 to {MAX_HUBS} hubs or sources with seats"
            raise ConfigurationError("settings", "hub", names, expected)
        Topic(self.site, self.room, self.node, "state")
        broker = self.broker
        if broker.ca_file is None and not broker.allow_plain and not _is_loopback(broker.host):
            raise ConfigurationError(
                "settings", "broker.ca_file", None,
                f"the authority of {broker.host}'s certificate, because others could read and "
                "change what goes there without TLS (allow_plain = true accepts that)",
            )  # fmt: skip
        return self


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
