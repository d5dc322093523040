"""One site's claim on the broker, and its state there: up while this ingest keeps what is sent.

It has a connection of its own, because a connection has one will, and a thread of its own, so that
no slow disk delays an answer to another ingest that asks for the site.
"""

from __future__ import annotations

import logging
import secrets
import socket
import threading
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Final, Literal

from contract.clock import Clock
from contract.errors import DecodeError
from contract.mqtt.client_id import program_client_id
from contract.mqtt.link import LinkDown, LinkUp, MqttLink, Received, Refused, Will
from contract.settings import BrokerSettings
from contract.topics import ingest_claim, ingest_state
from contract.wire.messages import IngestClaim, IngestState
from ingest.claims.rules import ClaimRules

__all__ = ["SiteClaim", "Word", "new_instance", "place_of"]

_LOG = logging.getLogger("ingest")
_IDLE_S: Final = 1.0
_BUSY_S: Final = 0.05
_SAY_AGAIN_NS: Final = 200_000_000

Word = Literal["", "up", "down"]
"""What a claim says on the site's state; nothing before it is first asked to say something."""


def new_instance() -> str:
    """A name for one start of ingest, which no other has."""
    return secrets.token_hex(8)


def place_of(data_dir: Path) -> str:
    """The computer and the directory, as another ingest reports them."""
    return f"{socket.gethostname()}:{data_dir.absolute()}"[:300]


class SiteClaim:
    """Claims one site from `start` to `stop`, and says on its state what `say` was last asked for."""

    def __init__(
        self,
        *,
        site: str,
        broker: BrokerSettings,
        clock: Clock,
        instance: str,
        place: str,
        started_utc_ns: int,
    ) -> None:
        self.site = site
        self.trouble = ""
        """Why there is no connection to the broker, or nothing."""
        self._clock = clock
        self._place = place
        self._rules = ClaimRules(instance)
        self._topics = ingest_state(site), ingest_claim(site)
        self._up = IngestState(is_up=True, started_utc_ns=started_utc_ns, instance=instance)
        self._gone = Will(
            topic=self._topics[0],
            payload=IngestState(is_up=False, started_utc_ns=started_utc_ns).encode(),
        )
        self._is_linked = False
        self._wanted: Word = ""
        self._said: Word = ""
        self._said_ns = clock.elapsed_ns() - _SAY_AGAIN_NS
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._broker = broker
        self._link = self._new_link()
        self._thread = threading.Thread(target=self._run, name=f"claim {site}", daemon=True)

    @property
    def is_held(self) -> bool:
        """Whether this ingest keeps the site; for as long as nobody says otherwise."""
        return self._rules.phase == "held"

    @property
    def is_refused(self) -> bool:
        """Whether another ingest was there before."""
        return self._rules.phase == "refused"

    @property
    def refusal(self) -> str:
        """Why this ingest can't keep the site, in one sentence."""
        holder = f" ({self._rules.holder})" if self._rules.holder else ""
        return (
            f"Another ingest{holder} keeps the site {self.site}: stop that one, or take the site "
            "out of one of the two settings files; docs/shards.md moves a site."
        )

    @property
    def has_said_up(self) -> bool:
        """Whether nodes read on this connection that they may send."""
        return self._said == "up"

    def start(self) -> None:
        """Connect and ask."""
        self._link.start()
        self._thread.start()

    def say(self, word: Word) -> None:
        """From now on the site's state is this, as soon as the site is held. Any thread."""
        with self._lock:
            self._wanted = word
            if not self._stop.is_set():
                self._speak()

    def stop(self) -> None:
        """Say that ingest has gone, if it kept the site, and end."""
        with self._lock:  # nothing is said after the farewell
            self._stop.set()
        self._link.stop(farewell=self._gone if self.is_held else None)
        if self._thread.is_alive():
            self._thread.join(_IDLE_S * 5)

    def _run(self) -> None:
        while not self._stop.is_set():
            event = None
            with suppress(Empty):
                event = self._link.events.get(timeout=self._wait_s())
            if isinstance(event, Received):
                self._link.acknowledge(event)
            with self._lock:
                if self._stop.is_set():
                    return
                self._require_link()
                self._take(event)
                self._rules.pass_time(self._clock.elapsed_ns())
                self._ask()
                self._speak()

    def _require_link(self) -> None:
        if self._link.is_alive:
            return
        _LOG.error(
            "the thread of the link for %s has ended, which is a defect; starting another",
            self.site,
        )
        self._link = self._new_link()
        self._link.start()

    def _new_link(self) -> MqttLink:
        return MqttLink(
            broker=self._broker,
            client_id=program_client_id("claim"),
            others_write=True,
            will=self._gone,
            subscriptions=self._topics,
        )

    def _wait_s(self) -> float:
        due_ns = self._rules.due_in_ns(self._clock.elapsed_ns())
        if self._is_linked and (self._said != self._wanted or not self._rules.has_asked):
            return _BUSY_S
        return _IDLE_S if due_ns is None else min(_IDLE_S, due_ns / 1e9)

    def _take(self, event: object) -> None:
        if isinstance(event, LinkUp):
            self._is_linked = True
            self.trouble = self._said = ""
            self._rules.linked()
        elif isinstance(event, LinkDown):
            self._is_linked = False
            self.trouble = event.reason
            self._said = ""
        elif isinstance(event, Refused):
            _LOG.error("the broker refused %s (%s): look at its ACL", event.topic, event.reason)
        elif isinstance(event, Received):
            self._hear(event)

    def _hear(self, message: Received) -> None:
        now_ns = self._clock.elapsed_ns()
        is_state = message.topic == self._topics[0]
        try:
            if is_state:
                state = IngestState.decode(message.payload)
                answers = self._rules.hear_state(state, is_retained=message.is_retained)
            elif message.is_retained:
                return  # nobody of ours retains a question
            else:
                answers = self._rules.hear(IngestClaim.decode(message.payload), now_ns)
        except DecodeError:
            answers = False
        if answers:
            self._publish_claim("holds")
        # Another's word on its own topic would silence every node that comes later.
        if is_state and self._said and message.payload != self._payload(self._said):
            if not self.is_refused:
                _LOG.warning("something else stood on %s; saying again what is true", message.topic)
            self._said = ""

    def _ask(self) -> None:
        if self._is_linked and not self._rules.has_asked and self._publish_claim("asks"):
            self._rules.asked()

    def _publish_claim(self, says: Literal["asks", "holds"]) -> bool:
        claim = IngestClaim(instance=self._rules.me, says=says, where=self._place)
        return self._link.publish(self._topics[1], claim.encode())

    def _speak(self) -> None:
        """Say what is wanted, at most five times a second: an old ingest may answer each time."""
        now_ns = self._clock.elapsed_ns()
        if not self.is_held or self._said == self._wanted or not self._wanted:
            return
        if self._said == "" and now_ns - self._said_ns < _SAY_AGAIN_NS:
            return
        if self._link.publish(self._topics[0], self._payload(self._wanted), retain=True):
            self._said, self._said_ns = self._wanted, now_ns

    def _payload(self, word: Word) -> bytes:
        return self._up.model_copy(update={"is_up": word == "up"}).encode()
