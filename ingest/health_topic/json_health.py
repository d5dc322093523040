"""What is published of a kit: whether it is there, and what it counted. Nothing of people.

Topics are `{prefix}/{site}/{room}/{node}/state`, `online` or `offline`, retained, and
`{prefix}/{site}/{room}/{node}/health`, a JSON object of numbers and names. The prefix is not
`roomtone/1`, so that a reader of it needs no right to what the kits send.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from contract.errors import DecodeError
from contract.topics import Topic
from contract.wire.messages import Birth, Health, decode_state
from ingest.health_topic.home_assistant import discovery
from ingest.settings import HealthTopicSettings

__all__ = ["COUNTED", "FACTS", "HealthTopic", "Said", "health_json"]

COUNTED = (
    "sampled", "published", "acked", "waiting", "gap", "unsampled", "outbox_bytes", "ack_age_ms",
    "twins",
)  # fmt: skip
"""Numbers of a health message that are published under their own names."""
FACTS = ("is_sampling", "is_finished")
"""Facts of it, published as 0 or 1, which every tool can draw."""


class _Message(Protocol):
    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message to publish; a later one of the same topic replaces it."""

    topic: str
    payload: bytes
    is_retained: bool


class HealthTopic:
    """Makes what is to be published of the messages that ingest has kept."""

    def __init__(self, settings: HealthTopicSettings, sites: Iterable[str]) -> None:
        self._settings = settings
        self._sites = frozenset(sites)

    def of(self, messages: Iterable[_Message]) -> Iterator[Said]:
        """What these messages of kits say of health; others, and what does not fit, say nothing."""
        if self._settings.publish == "nothing":
            return
        for message in messages:
            if message.topic.endswith(("/health", "/state")):
                try:
                    yield from self._said(Topic.parse(message.topic), message.payload)
                except DecodeError:
                    continue  # it is kept aside, with its reason

    def _said(self, name: Topic, payload: bytes) -> Iterator[Said]:
        if name.site not in self._sites:
            return
        base = f"{self._settings.prefix}/{name.site}/{name.room}/{name.node}"
        if name.kind == "health":
            health = Health.decode(payload)
            if health.node == name.node:
                yield Said(
                    topic=f"{base}/health", payload=health_json(name, health), is_retained=False
                )
            return
        if name.kind != "state":
            return
        state = decode_state(payload)
        if state.node != name.node:
            return
        if isinstance(state, Birth) and self._settings.publish == "home_assistant":
            topic, config = discovery(
                name, base=base, prefix=self._settings.discovery_prefix, software=state.software
            )
            yield Said(topic=topic, payload=config, is_retained=True)
        word = b"online" if isinstance(state, Birth) else b"offline"
        yield Said(topic=f"{base}/state", payload=word, is_retained=True)


def health_json(name: Topic, health: Health) -> bytes:
    """One object: names, counts, facts, and an object for each hub; what is not known is absent."""
    counts = {field: getattr(health, field) for field in COUNTED}
    found = {
        "site": name.site,
        "room": name.room,
        "node": name.node,
        **{field: n for field, n in counts.items() if n is not None},
        **{field: int(getattr(health, field)) for field in FACTS},
        "hubs": [{**counters, "hub": hub} for hub, counters in sorted(health.hubs.items())],
    }
    return json.dumps(found, separators=(",", ":")).encode()
