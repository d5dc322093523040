"""What is counted: every period once, with the values that were sent, and scored."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from contract.clock import SECOND_NS
from contract.wire.messages import decode_state
from contract.wire.payload import Batch, Layout, decode
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from ingest.stores.records import Arrival, EpochRecord, Tick, ZoneEpoch
from roomtone.cli import main
from roomtone.load.messages import Kit, Rows, kits_of
from roomtone.load.outcome import KeptCount, Outcome, count_kept, count_scored
from roomtone.load.plan import LoadPlan
from roomtone.load.processes import ProcessUse
from roomtone.load.watching import lesson_id

LAYOUT = Layout((1, 2, 3, 4, 5))
PLAN = LoadPlan(rooms=2, seats=5, periods=70, site="load")
WHOLE = Outcome(
    rooms=2, seats=5, rate=1.0, minutes=70 / 60, sent=140, kept=140, scored=140, late_p50_s=0.1,
    late_p99_s=0.2, late_max_s=0.3, changed=0, doubled=0, resent=0, messages=140, values=9_800,
    send_late_p99_s=0.01, ack_p50_s=0.1, ack_p99_s=0.2, faults=(),
    processes=[
        ProcessUse(
            name="ingest", cpu_s=1.0, cpu_share=0.1, memory_mb=90.0, memory_quarter_mb=89.0,
            memory_peak_mb=91.0,
        )
    ],
)  # fmt: skip


@pytest.fixture
def kits() -> list[Kit]:
    values = np.random.default_rng(1).integers(0, 60_000, (80, LAYOUT.width), dtype=np.uint16)
    return kits_of(PLAN, Rows(LAYOUT, values), starts_utc_ns=SECOND_NS, runs_from=7)


def store_of(kits: list[Kit], spans: dict[int, range], *, wrong: int | None = None):
    """A store with these seqs of each kit; `wrong` has other values in the first kit's run."""
    store = MemoryPeriodStore()
    arrivals = []
    for number, seqs in spans.items():
        kit = kits[number]
        for seq in seqs:
            message = decode(kit.batch(seq, 1, waited_ms=0))
            assert isinstance(message, Batch)
            if number == 0 and seq == wrong:
                message = replace(message, values=message.values ^ 1)
            arrivals.append(Arrival(site=kit.site, room=kit.room, message=message, is_live=True))
    births = [(kit.site, kit.room, decode_state(kit.birth())) for kit in kits]
    store.commit(Tick(received_utc_ns=0, births=births, arrivals=arrivals))
    return store


def test_all_that_was_sent_is_found(kits: list[Kit]) -> None:
    store = store_of(kits, {0: range(70), 1: range(70)})
    assert count_kept(store, kits) == KeptCount(kept=140, changed=0, doubled=0)


def test_what_is_missing_or_changed_is_seen(kits: list[Kit]) -> None:
    store = store_of(kits, {0: range(70), 1: range(3, 70)}, wrong=9)
    assert count_kept(store, kits) == KeptCount(kept=136, changed=1, doubled=0)


def test_another_run_of_the_room_does_not_count(kits: list[Kit]) -> None:
    store = store_of(kits, {0: range(70)})
    assert count_kept(store, [replace(kits[0], run=8)]).kept == 0


def epoch(room: int, first_seq: int, movement_db: float) -> EpochRecord:
    zone = ZoneEpoch("room", 5, movement_db, 0.0, 0.0, 0.5, 0.4, 0.6)
    return EpochRecord(
        lesson=lesson_id(room), stream_id=room, first_seq=first_seq, utc_ns=first_seq * SECOND_NS,
        model="m", zones=(zone,),
    )  # fmt: skip


def test_an_epoch_counts_when_it_was_scored() -> None:
    scores = MemoryScoreStore()
    scores.commit(cursor=1, epochs=[epoch(0, seq, math.nan) for seq in range(0, 60, 5)])
    assert count_scored(scores, PLAN) == 60  # the first minute has no normal to compare with
    scores.commit(cursor=2, epochs=[epoch(0, 60, 1.5), epoch(0, 65, math.nan), epoch(1, 0, 0.0)])
    assert count_scored(scores, PLAN) == 70  # a later epoch without movement is a hole


@pytest.mark.parametrize(
    "wrong",
    (
        {"sent": 139}, {"kept": 139}, {"scored": 135}, {"changed": 1}, {"doubled": 1}, {"scored": 0},
    ),
)  # fmt: skip
def test_whatever_is_missing_makes_a_load_fail(wrong: dict[str, int]) -> None:
    assert WHOLE.is_whole
    found = replace(WHOLE, **wrong)  # type: ignore[arg-type]
    assert not found.is_whole
    assert found.lines()[-1].startswith("not whole")


@pytest.mark.parametrize(("scored", "code"), ((140, 0), (135, 1)))
def test_the_exit_code_says_whether_it_was_whole_and_json_comes_last(
    scored: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = replace(WHOLE, scored=scored)
    monkeypatch.setattr("roomtone.load.command.mosquitto_path", lambda: "mosquitto")
    monkeypatch.setattr("roomtone.load.command.run_load", lambda *_, **__: found)
    assert main(["load", "--rooms", "2", "--seats", "5", "--json"]) == code
    printed = capsys.readouterr().out.splitlines()
    assert json.loads(printed[-1])["scored"] == scored
    assert printed[:-1] == found.lines()


def test_on_another_broker_scores_are_not_known() -> None:
    found = replace(WHOLE, scored=None, late_p50_s=None, late_p99_s=None, late_max_s=None)
    assert found.is_whole
    assert not any(line.startswith("scored") for line in found.lines())
    assert json.loads(found.as_json())["scored"] is None


def test_the_json_object_has_what_is_promised() -> None:
    found = json.loads(WHOLE.as_json())
    assert {"sent", "kept", "scored", "late_p99_s", "processes"} <= found.keys()
    assert {"name", "cpu_s", "cpu_share", "memory_mb"} <= found["processes"][0].keys()
