"""From MQTT to an epoch on disk: broker, ingest and scoring on the stores that a school runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from time import time_ns

import pytest

from contract.clock import SystemClock
from contract.mqtt.link import MqttLink, Received
from contract.topics import ingest_state
from contract.wire.messages import Ack, IngestState
from ingest.scoring.follower import Following
from ingest.settings import ScoreSettings, ServerSettings
from ingest.stores import open_period_reader, open_score_store
from models.serving.off_task import OffTaskModel
from school import open_lesson_store
from school.lessons.records import Lesson
from tests.ingest.node import Node

pytestmark = [pytest.mark.broker, pytest.mark.programs]

SECOND_NS = 1_000_000_000
PERIODS = 60
NODE = Node(seats=tuple(range(1, 9)), run_boot_ns=0)


def wait_for(link: MqttLink, topic: str) -> Iterator[bytes]:
    while True:
        event = link.events.get(timeout=60)
        if isinstance(event, Received):
            link.acknowledge(event)
            if event.topic == topic:
                yield event.payload


def test_periods_become_epochs(settings: ServerSettings) -> None:
    now_ns = time_ns()
    lesson = Lesson(
        id="r1-a", room="r1", teacher="t", title="", starts_utc_ns=now_ns,
        ends_utc_ns=now_ns + PERIODS * SECOND_NS, source="button",
    )  # fmt: skip
    node = MqttLink(
        broker=settings.broker,
        client_id="kit-1",
        will=None,
        subscriptions=(ingest_state("school"), NODE.topic("ack")),
    )
    node.start()
    try:
        up = (IngestState.decode(p).is_up for p in wait_for(node, ingest_state("school")))
        assert any(up)
        messages = [NODE.birth(), NODE.timebase(now_ns)]
        messages += [NODE.batch(seq) for seq in range(PERIODS)]
        for sent in messages:
            assert node.publish(sent.topic, sent.payload, retain=sent.is_retained)
        acks = (Ack.decode(p).without_hole for p in wait_for(node, NODE.topic("ack")))
        assert any(ack == PERIODS - 1 for ack in acks)
    finally:
        node.stop()
    with (
        closing(open_lesson_store(settings.data_dir)) as lessons,
        closing(open_period_reader(settings.data_dir)) as reader,
        closing(open_score_store(settings.data_dir)) as scores,
    ):
        lessons.put(lesson)
        following = Following(
            settings=ScoreSettings(), model=OffTaskModel.load(), clock=SystemClock(),
            reader=reader, scores=scores, lessons=lessons,
        )  # fmt: skip
        following.begin()
        following.step()
        epochs = scores.epochs("r1-a")
        assert [epoch.first_seq for epoch in epochs] == list(range(0, PERIODS, 5))
        assert epochs[-1].utc_ns == now_ns + 55 * SECOND_NS
        assert [zone.zone for zone in epochs[0].zones] == ["room"]
