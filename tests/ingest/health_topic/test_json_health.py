"""Health as JSON for others' tools: what is published of a kit, and when nothing is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from contract.errors import ConfigurationError
from contract.topics import Topic, TopicKind, ingest_state
from contract.wire.messages import Birth, CborMessage, Death, Health, Hub
from ingest.health_topic.home_assistant import SENSORS
from ingest.health_topic.json_health import HealthTopic, Said
from ingest.settings import HealthTopicSettings
from tests.ingest.conftest import Client, RunningIngest
from tests.ingest.node import Node

HEALTH = Health(
    node="kit-1", run=7, sampled=3_000, published=2_990, acked=2_900, waiting=90, gap=4,
    unsampled=6, is_sampling=True, is_finished=False, outbox_bytes=512, ack_age_ms=40,
    hubs={"hub-a": {"frames_good": 10, "reconnects": 1}},
)  # fmt: skip
BIRTH = Birth(
    node="kit-1", run=7, boot="b", software="1.2", period_ns=10**9, run_boot_ns=0,
    hubs=(Hub(hub="hub-a", firmware="1", seats=(1, 2), sample_rate_hz=50.0, has_sound=True),),
    seat_codes=(1,), room_codes=(1,), units={}, synchronised=True,
)  # fmt: skip


@dataclass(frozen=True)
class Message:
    topic: str
    payload: bytes


def message(
    kind: TopicKind, payload: CborMessage | bytes, *, site: str = "north", node: str = "kit-1"
) -> Message:
    raw = payload if isinstance(payload, bytes) else payload.encode()
    return Message(str(Topic(site, "room-1", node, kind)), raw)


def said(publish: str, *messages: Message) -> list[Said]:
    settings = HealthTopicSettings.checked({"publish": publish}, where="test")
    return list(HealthTopic(settings, ["north"]).of(messages))


def test_nothing_is_published_unless_the_settings_ask_for_it() -> None:
    assert HealthTopicSettings().publish == "nothing"
    assert said("nothing", message("health", HEALTH), message("state", BIRTH)) == []


def test_health_becomes_a_json_object() -> None:
    (found,) = said("json", message("health", HEALTH))
    assert found.topic == "roomtone-health/north/room-1/kit-1/health"
    assert not found.is_retained
    assert json.loads(found.payload) == {
        "site": "north", "room": "room-1", "node": "kit-1", "sampled": 3_000, "published": 2_990,
        "acked": 2_900, "waiting": 90, "gap": 4, "unsampled": 6, "outbox_bytes": 512,
        "ack_age_ms": 40, "twins": 0, "is_sampling": 1, "is_finished": 0,
        "hubs": [{"frames_good": 10, "reconnects": 1, "hub": "hub-a"}],
    }  # fmt: skip


def test_what_is_not_known_is_absent() -> None:
    (found,) = said("json", message("health", HEALTH.model_copy(update={"ack_age_ms": None})))
    assert "ack_age_ms" not in json.loads(found.payload)


def test_births_and_deaths_become_a_retained_word() -> None:
    death = Death(node="kit-1", run=7, boot="b", reason="lost")
    found = said("json", message("state", BIRTH), message("state", death))
    assert [(each.topic, each.payload, each.is_retained) for each in found] == [
        ("roomtone-health/north/room-1/kit-1/state", b"online", True),
        ("roomtone-health/north/room-1/kit-1/state", b"offline", True),
    ]


@pytest.mark.parametrize(
    "unfit",
    (
        message("health", b"\xff"),
        message("health", HEALTH, node="kit-2"),
        message("state", BIRTH, node="kit-2"),
        message("health", HEALTH, site="south"),
        message("data", b"\xff"),
        Message("elsewhere/health", HEALTH.encode()),
    ),
)
def test_what_does_not_fit_says_nothing_and_stops_nothing(unfit: Message) -> None:
    assert len(said("home_assistant", unfit, message("health", HEALTH))) == 1


def test_home_assistant_gets_a_device_for_each_kit() -> None:
    config, state = said("home_assistant", message("state", BIRTH))
    assert state.payload == b"online"
    assert config.topic == "homeassistant/device/roomtone-north-kit-1/config"
    assert config.is_retained
    found = json.loads(config.payload)
    (health,) = said("json", message("health", HEALTH))
    assert found["state_topic"] == health.topic
    assert found["availability_topic"] == state.topic
    assert found["device"]["identifiers"] == ["roomtone-north-kit-1"]
    assert set(found["components"]) == {*SENSORS, "is_sampling"}
    published = json.loads(health.payload)
    identities = set()
    for field, component in found["components"].items():
        assert field in published
        assert f"value_json.{field}" in component["value_template"]
        identities.add(component["unique_id"])
    assert len(identities) == len(found["components"])


def test_the_topics_stay_apart_from_the_kits_own() -> None:
    for key in ("prefix", "discovery_prefix"):
        with pytest.raises(ConfigurationError, match="below roomtone/"):
            HealthTopicSettings.checked({key: "roomtone"}, where="server.toml")


@pytest.mark.broker
def test_ingest_publishes_what_it_has_kept(
    run_ingest: Callable[..., RunningIngest], client: Callable[..., Client]
) -> None:
    run_ingest(health_topic=HealthTopicSettings(publish="home_assistant"))
    node = Node()
    kit = client(node.node, ingest_state("school"))
    base = f"roomtone-health/school/{node.room}/{node.node}"
    config = f"homeassistant/device/roomtone-school-{node.node}/config"
    reader = client("reader", f"{base}/health", f"{base}/state", config)
    kit.message(ingest_state("school"))
    for sent in (node.birth(), node.health(sampled=30)):
        assert kit.link.publish(sent.topic, sent.payload, retain=sent.is_retained)
    assert json.loads(reader.message(f"{base}/health"))["sampled"] == 30
    later = client("later", f"{base}/state", config)
    assert later.message(f"{base}/state") == b"online"
    assert json.loads(later.message(config))["state_topic"] == f"{base}/health"
