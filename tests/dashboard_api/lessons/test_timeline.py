"""The lesson's timeline in the interface: its traces, gaps and parts."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from contract.clock import SECOND_NS

TIMELINE = "/api/lessons/sample/timeline"


@pytest.fixture
def whole(client, filled):
    answer = client.get(TIMELINE)
    assert answer.status_code == 200
    return answer.json()


def test_a_lesson_has_steps_of_five_seconds(whole):
    assert whole["level_s"] == 5
    assert whole["length_s"] == 3000
    assert len(whole["movement"]["mean"]) == 600
    assert len(whole["noise"]["mean"]) == 600
    assert [zone["name"] for zone in whole["zones"]] == ["Window", "Front", "Middle", "Door"]
    assert all(len(zone["cells"]) == 300 for zone in whole["zones"])
    assert whole["clock_s"] == (11 * 60 + 5) * 60


def test_gaps_stay_gaps_and_have_a_reason(whole):
    spans = [(gap["start_s"], gap["end_s"], gap["reason"]) for gap in whole["gaps"]]
    assert spans == [(1800, 1874, "died"), (2510, 2530, "paused")]
    assert all(gap["words"] for gap in whole["gaps"])
    # 1805 … 1870: nothing may be drawn there.
    for trace in ("least", "mean", "most"):
        assert whole["noise"][trace][361:374] == [None] * 13
        assert whole["movement"][trace][363:374] == [None] * 11


def test_bounds_are_in_order_at_every_level(client, filled):
    for level in (1, 5, 30):
        answer = client.get(TIMELINE, params={"level_s": level}).json()
        for kind in ("movement", "noise"):
            part = answer[kind]
            for least, mean, most in zip(part["least"], part["mean"], part["most"], strict=True):
                if mean is not None:
                    assert least <= mean <= most
        band = answer["movement"]
        for low, mean, high in zip(band["low"], band["mean"], band["high"], strict=True):
            if mean is not None:
                assert low <= mean <= high


def test_a_coarse_level_is_the_energy_mean_of_the_fine_one(client, filled):
    fine = client.get(TIMELINE, params={"level_s": 1}).json()["noise"]["mean"]
    coarse = client.get(TIMELINE, params={"level_s": 30}).json()["noise"]["mean"]
    for i in (0, 20, 70, 99):
        energy = [10 ** (level / 10) for level in fine[i * 30 : i * 30 + 30]]
        assert coarse[i] == pytest.approx(10 * math.log10(sum(energy) / 30), abs=0.11)


def test_a_part_has_the_same_steps_as_the_whole_lesson(client, filled):
    part = client.get(TIMELINE, params={"from_s": 603, "to_s": 700}).json()
    whole = client.get(TIMELINE, params={"level_s": 1}).json()
    assert part["level_s"] == 1
    assert part["from_s"] == 600
    assert part["noise"]["mean"] == whole["noise"]["mean"][600:700]
    assert part["movement"]["mean"] == whole["movement"]["mean"][120:140]


def test_a_silent_hub_leaves_its_zone_empty_without_a_gap_in_the_room(whole):
    door = next(zone for zone in whole["zones"] if zone["name"] == "Door")
    assert door["cells"][89:95] == [None] * 6
    window = next(zone for zone in whole["zones"] if zone["name"] == "Window")
    assert None not in window["cells"][89:95]
    assert None not in whole["movement"]["mean"][177:191]


def test_no_response_names_a_seat(client, filled):
    text = client.get(TIMELINE).text + client.get("/lessons/sample").text
    assert '"seat"' not in text
    assert "motion_rms" not in text


def test_a_zone_of_fewer_than_five_seats_is_not_in_the_response(client, stores, filled):
    records = []
    for record in stores.scores.epochs("sample"):
        room, *zones = record.zones
        zones = [replace(zone, seats=4) if zone.zone == "Door" else zone for zone in zones]
        records.append(replace(record, zones=(room, *zones)))
    stores.scores.commit(cursor=9, epochs=records)
    names = {zone["name"] for zone in client.get(TIMELINE).json()["zones"]}
    # 30 − (8 + 8 + 8) leaves six, which may be derived.
    assert names == {"Window", "Front", "Middle"}


def test_a_lesson_without_scores_still_has_noise_and_gaps(client, stores, sample_lesson, filled):
    sample_lesson.write(
        stores.periods,
        stores.scores,
        stores.lessons,
        sample_lesson.Sample(
            start_utc_ns=filled.start_ns, lesson="bare", room="room-1", with_scores=False, run=5
        ),
    )
    answer = client.get("/api/lessons/bare/timeline").json()
    assert set(answer["movement"]["mean"]) == {None}
    assert answer["zones"] == []
    assert sum(value is not None for value in answer["noise"]["mean"]) > 550
    assert "not been scored yet" in answer["summary"][0]


def test_a_lesson_without_any_data_says_so(client, stores, filled):
    lesson = replace(filled.lesson, id="dark", room="room-9")
    stores.lessons.put(lesson)
    answer = client.get("/api/lessons/dark/timeline").json()
    assert [(gap["start_s"], gap["end_s"]) for gap in answer["gaps"]] == [(0, 3000)]
    assert answer["gaps"][0]["reason"] == "not_received"
    assert "Nothing was sensed" in answer["summary"][-1]


def test_data_that_may_still_arrive_are_not_a_gap(client, stores, clock, filled):
    stores.lessons.put(replace(filled.lesson, ends_utc_ns=None))
    clock.now_ns = -592 * SECOND_NS  # eight seconds after the newest period
    answer = client.get(TIMELINE).json()
    assert answer["is_running"]
    assert answer["length_s"] == 3000
    assert answer["gaps"][-1]["reason"] == "paused"
    clock.now_ns += 60 * SECOND_NS
    assert client.get(TIMELINE).json()["gaps"][-1]["reason"] == "not_received"


def test_a_future_lesson_is_empty(client, stores, filled):
    start = filled.start_ns + 7200 * SECOND_NS
    stores.lessons.put(
        replace(filled.lesson, id="soon", starts_utc_ns=start, ends_utc_ns=start + SECOND_NS)
    )
    answer = client.get("/api/lessons/soon/timeline").json()
    assert answer["length_s"] == 0
    assert answer["summary"] == ["The lesson has not started yet."]
    assert client.get("/lessons/soon").status_code == 200
    table = client.get("/lessons/soon/table")
    assert table.status_code == 200
    assert "The lesson has not started yet." in table.text
    assert "<table" not in table.text
    assert "/table.csv" not in table.text
    assert "/table.csv" in client.get(f"/lessons/{filled.lesson.id}/table").text


@pytest.mark.parametrize(
    "query", ("level_s=2", "level_s=x", "from_s=-1", "from_s=nan", "to_s=inf", "to_s=-4")
)
def test_a_bad_query_is_refused_or_harmless(client, filled, query):
    answer = client.get(f"{TIMELINE}?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"]
