"""Between the delivery and the broker: births and deaths, data, time, health, acks, commands.

Runs on the agent's thread: `step` takes what the link has received and publishes what is due.
"""

from __future__ import annotations

import logging
import queue
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from contract.errors import DecodeError, PayloadError, brief_of
from contract.mqtt.link import Event, LinkDown, LinkUp, Received, Refused, Will
from contract.topics import Topic, TopicKind, ingest_state
from contract.wire.messages import (
    Ack,
    Birth,
    Command,
    CommandResult,
    Config,
    ConfigReported,
    Death,
    Health,
    IngestState,
    Timebase,
    decode_state,
)
from contract.wire.suspects import Suspects, digest_of
from edge_agent.identity import Identity
from edge_agent.publishing.delivery import Delivery
from edge_agent.publishing.link_note import LinkState
from edge_agent.publishing.name_watch import NameWatch
from edge_agent.settings import EdgeSettings

__all__ = ["EdgePublisher", "Host", "Link", "OpenLink"]

log = logging.getLogger(__name__)

_RETAINED: Final[frozenset[TopicKind]] = frozenset({"state", "config/reported"})
"""Retained so that a doctor on the server can read them later."""
_MINUTE_NS: Final = 60_000_000_000
_MAX_RESULTS: Final = 64
_MAX_STEPS: Final = 64
_MAX_REASONS: Final = 8
"""Reasons of one outage that the log names: a kit that was locked out is first cut, then refused."""


class Host(Protocol):
    """The agent, as the publisher sees it."""

    def birth(self) -> Birth: ...
    def timebase(self) -> Timebase: ...
    def health(self, *, is_finished: bool) -> Health: ...
    def config_reported(self) -> ConfigReported: ...
    def handle_config(self, config: Config) -> None: ...
    def handle_command(self, command: Command) -> CommandResult: ...


class Link(Protocol):
    """The methods of `contract.mqtt.link.MqttLink` that the publisher uses."""

    @property
    def events(self) -> queue.Queue[Event]: ...
    @property
    def is_alive(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self, *, farewell: Will | None = None, timeout_s: float = 5.0) -> None: ...
    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool: ...
    def acknowledge(self, message: Received) -> None: ...


OpenLink = Callable[[str, Will, tuple[str, ...]], Link]
"""Makes a link from client id, will and subscriptions; it is not started yet."""


class EdgePublisher:
    """Owns the link; makes a new one when the old one hangs."""

    def __init__(
        self,
        *,
        settings: EdgeSettings,
        identity: Identity,
        delivery: Delivery,
        host: Host,
        open_link: OpenLink,
        suspects: Suspects,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._delivery = delivery
        self._host = host
        self._open_link = open_link
        self._suspects = suspects
        self._ingest_state = ingest_state(settings.site)
        self._data = self._topic("data")
        name = f"{settings.site}/{settings.room}/{settings.node}"
        self.names = NameWatch(name=name, run=identity.run)
        self._link = self._new_link()
        self._is_linked = False
        self._logged_reasons: set[str] = set()
        self._reason = "it has not been tried yet"
        self._now_ns = 0
        self._ingest_started: int | None = None
        self._due: set[TopicKind] = set()
        self._results: deque[bytes] = deque(maxlen=_MAX_RESULTS)
        self._earlier: deque[bytes] = deque()
        self._steps: deque[bytes] = deque(maxlen=_MAX_STEPS)
        """This run's timebases around each step of UTC; sent again whenever ingest comes up."""
        self._each_minute_ns = 0
        self._refusals: set[tuple[str, str]] = set()

    @property
    def ack_age_ms(self) -> int | None:
        """Real milliseconds since the last acknowledgement; None before the first."""
        last = self._delivery.last_ack_ns
        return None if last is None else max(0, self._now_ns - last) // 1_000_000

    def link_state(self) -> LinkState:
        return LinkState(
            is_linked=self._is_linked,
            ingest_is_up=self._delivery.is_open,
            twins=self.names.twins,
            is_pushed_out=self.names.is_pushed_out,
            reason="" if self._is_linked else self._reason,
        )

    def start(self) -> None:
        self._suspects.begin()
        self._link.start()

    def request(self, kind: TopicKind) -> None:
        """Publish this again as soon as there is a link."""
        self._due.add(kind)

    def stepped(self, before: bytes, after: bytes) -> None:
        """UTC was stepped: send the timebases before and after the step."""
        self._steps.extend((before, after))
        if self._delivery.is_open:  # otherwise all of them go when ingest comes up
            self._earlier.extend((before, after))

    def step(self, now_ns: int) -> bool:
        """Handle events, check the link, publish what is due; returns whether more data waits."""
        self._now_ns = now_ns
        while True:
            try:
                event = self._link.events.get_nowait()
            except queue.Empty:
                break
            self._handle(event, now_ns)
        self._check_link(now_ns)
        if now_ns - self._each_minute_ns >= _MINUTE_NS:
            self._each_minute_ns = now_ns
            self._due |= {"timebase", "health"}
        self._delivery.tick(now_ns)
        if not self._is_linked or not self._publish_due():
            return False
        return self._delivery.send(now_ns, lambda data: self._link.publish(self._data, data))

    def farewell(self) -> None:
        """Publish the last health and the death, and end the link."""
        if self._is_linked:
            self._link.publish(self._topic("health"), self._host.health(is_finished=True).encode())
        self._link.stop(farewell=self._death("stopped"))

    def _handle(self, event: Event, now_ns: int) -> None:
        match event:
            case LinkUp(protocol):
                log.info("Connected to the broker with MQTT %s.", protocol)
                self._is_linked = True
                self._logged_reasons.clear()
                self._due |= {"state", "timebase", "config/reported", "health"}
            case LinkDown(reason, is_taken_over):
                self._reason = reason
                if is_taken_over:
                    self.names.pushed_out(now_ns)
                if reason not in self._logged_reasons and len(self._logged_reasons) < _MAX_REASONS:
                    log.warning(
                        "No connection to the broker (%s): keeping what is sampled, trying again.",
                        reason,
                    )
                    self._logged_reasons.add(reason)
                self._unlink()
            case Refused(topic, reason):
                if (topic.split(maxsplit=1)[0], reason) not in self._refusals:
                    self._refusals.add((topic.split(maxsplit=1)[0], reason))
                    log.error(
                        "The broker refused to pass on a message (%s): check its ACL for node %s.",
                        reason, self._identity.node,
                    )  # fmt: skip
            case Received():
                try:
                    self._read(event, now_ns)
                except DecodeError as error:
                    log.warning("A message on %s is not usable: %s", event.topic, error)
                except (OSError, MemoryError):
                    raise
                except Exception as error:  # noqa: BLE001  # no message may end the agent
                    log.error("A message on %s is left out: %s", event.topic, brief_of(error))  # noqa: TRY400
                self._link.acknowledge(event)

    def _read(self, message: Received, now_ns: int) -> None:
        """Take a message; skip a retained one that crashed an earlier agent."""
        if not message.is_retained:
            self._receive(message, now_ns)
            return
        digest = digest_of(message.topic, message.payload)
        if digest == self._suspects.culprit:
            raise PayloadError("the message", "an agent crashed while reading it")
        with self._suspects.holding([digest]):
            self._receive(message, now_ns)

    def _receive(self, message: Received, now_ns: int) -> None:
        if message.topic == self._ingest_state:
            self._ingest(IngestState.decode(message.payload))
            return
        kind = Topic.parse(message.topic).kind
        if kind == "state":
            state = decode_state(message.payload)
            if self.names.hear(state, is_retained=message.is_retained, now_ns=now_ns):
                self._due.add("state")
        elif kind == "ack":
            self._delivery.acknowledge(Ack.decode(message.payload), now_ns=now_ns)
        elif kind == "config":
            self._host.handle_config(Config.decode(message.payload))
            self._due.add("config/reported")
        elif kind == "command" and not message.is_retained:
            # A retained command would be obeyed at each connection.
            result = self._host.handle_command(Command.decode(message.payload))
            self._results.append(result.encode())

    def _ingest(self, state: IngestState) -> None:
        if not state.is_up:
            if self._delivery.is_open:
                log.warning("Ingest is down: keeping what is sampled.")
            self._delivery.closed()
        elif not self._delivery.is_open or state.started_utc_ns != self._ingest_started:
            self._ingest_started = state.started_utc_ns
            # Timebases go before the data that they date; an ingest that was away gets what it has
            # missed of the kit's pauses.
            self._due |= {"timebase", "health"}
            earlier = self._delivery.outbox.earlier_timebases(self._identity.run)
            self._earlier = deque((*earlier, *self._steps))
            self._delivery.opened()

    def _check_link(self, now_ns: int) -> None:
        if not self._link.is_alive:
            self._renew("its thread has ended")
            return
        since_ns = self._delivery.owed_since_ns
        if since_ns is None or not self._delivery.is_open:
            return
        if now_ns - since_ns > self._settings.delivery.watchdog_s * 1e9:
            self._renew(f"no acknowledgement for {self._settings.delivery.watchdog_s:g} s")

    def _renew(self, why: str) -> None:
        log.error("Making a new connection to the broker: %s.", why)
        self._link.stop(timeout_s=1.0)
        self._unlink()
        self._link = self._new_link()
        self._link.start()

    def _unlink(self) -> None:
        self._is_linked = False
        self._ingest_started = None
        self._delivery.closed()

    def _publish_due(self) -> bool:
        """Publish what is due; returns whether the link had room for all of it."""
        if not (self._due or self._earlier or self._results):
            return True
        for kind, make in self._makers().items():
            if kind not in self._due:
                continue
            if not self._link.publish(self._topic(kind), make(), retain=kind in _RETAINED):
                return False
            self._due.discard(kind)
        for waiting, topic in (
            (self._earlier, self._topic("timebase")),
            (self._results, self._topic("command/result")),
        ):
            while waiting:
                if not self._link.publish(topic, waiting[0]):
                    return False
                waiting.popleft()
        return True

    def _makers(self) -> dict[TopicKind, Callable[[], bytes]]:
        host = self._host
        return {
            "state": lambda: host.birth().encode(),
            "timebase": lambda: host.timebase().encode(),
            "config/reported": lambda: host.config_reported().encode(),
            "health": lambda: host.health(is_finished=False).encode(),
        }

    def _new_link(self) -> Link:
        settings = self._settings
        return self._open_link(
            # An id for this run only. With one id for a name, two kits with that name would
            # disconnect each other for ever. A school's broker takes the certificate's name as id
            # instead; then `contract/mqtt/link.py` gives each kit its turn.
            f"{settings.site}-{settings.room}-{settings.node}-{self._identity.run:x}",
            self._death("lost"),
            (
                *(self._topic(kind) for kind in ("ack", "config", "command", "state")),
                self._ingest_state,
            ),
        )

    def _death(self, reason: str) -> Will:
        identity = self._identity
        death = Death(node=identity.node, run=identity.run, boot=identity.boot, reason=reason)
        return Will(topic=self._topic("state"), payload=death.encode())

    def _topic(self, kind: TopicKind) -> str:
        settings = self._settings
        return str(Topic(settings.site, settings.room, settings.node, kind))
