"""Two observers with noise code simulated lessons over HTTP; the figures are computed here as well."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from contract.clock import SECOND_NS, ManualClock, SystemClock
from contract.lesson import LabelledLesson
from dashboard_api.app import create_app
from dashboard_api.command import open_stores
from ingest.purge.plan import PurgePlanner
from ingest.purge.run import PurgeRun
from ingest.stores import open_period_store, open_score_writer
from ingest.stores.records import EpochRecord, ZoneEpoch
from models.serving.off_task import OffTaskModel
from models.serving.scorer import LessonScorer
from models.serving.scores import EpochScore, ZoneScore
from roomtone.cli import main
from school import open_school
from school.audit.actor import Actor
from school.lessons.records import Lesson
from school.observing.rota import EVERY_S, Turn, turn_at
from school.sharing.cut import Span
from simulators.lessons import simulate_lesson
from simulators.scenario import ActivitySpan, Scenario
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import BY, add_person, cookie, open_test_school

pytestmark = pytest.mark.slow

LESSONS = 3
MINUTES = 15
LENGTH_S = 60 * MINUTES
DAY_NS = 86_400 * SECOND_NS
WORDS = ("none", "few", "half", "most")
MIDDLES = np.array([0.0, 1 / 6, 1 / 2, 5 / 6])


@dataclass
class Coded:
    """One look of one lesson: what both observers said, and what the model had said."""

    lesson: str
    turn: Turn
    said: dict[str, str]
    share: float


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """Three lessons of simulated classes, scored; all looks of Kim and Lou were sent."""
    data = tmp_path_factory.mktemp("observed") / "data"
    data.mkdir()
    rng = np.random.default_rng(4)
    model = OffTaskModel.load()
    names = [f"l{at}" for at in range(LESSONS)]
    coded: list[Coded] = []
    with (
        closing(open_test_school(data)) as opened,
        closing(open_period_store(data)),
        closing(open_score_writer(data)) as scores,
    ):
        add_person(opened.people, "ada", "teacher")
        opened.sharing.tie_name("Ms Ada", "ada", BY)
        for at, name in enumerate(names):
            spans = (
                ActivitySpan(name="whole_class", minutes=6),
                ActivitySpan(name="small_group", minutes=9),
            )
            drawn = simulate_lesson(Scenario(activities=spans), 60 + at)
            starts = START_NS + at * DAY_NS
            opened.lessons.put(
                Lesson(
                    id=name, room="r1", teacher="Ms Ada", title=name, starts_utc_ns=starts,
                    ends_utc_ns=starts + LENGTH_S * SECOND_NS, source="timetable",
                    zones=drawn.zones,
                )
            )  # fmt: skip
            scored = LessonScorer(model=model, seats=drawn.seats, zones=drawn.zones).update(
                0, drawn.seat, drawn.room
            )
            epochs = [epoch_of(name, starts, model.version, one) for one in scored]
            scores.commit(cursor=at + 1, epochs=epochs)
            coded += [
                Coded(name, turn, said_of(turn, drawn, rng), share_of(turn, scored))
                for at in range(0, int(LENGTH_S), EVERY_S)
                if (turn := turn_at([zone.name for zone in drawn.zones], at, LENGTH_S))
            ]
        for person in ("kim", "lou"):
            add_person(opened.people, person, "coach")
            for at, name in enumerate(names):
                by = Actor(name="ada", utc_ns=START_NS + at * DAY_NS, person="ada")
                opened.sharing.observers.ask(name, person, by)
    clock = ManualClock(now_ns=0, utc_at_boot_ns=START_NS)
    app = create_app(lambda: open_stores(data), clock=clock)
    with closing(open_school(data)) as people, Pages(app) as pages:
        for person in ("kim", "lou"):
            for at, name in enumerate(names):
                clock.utc_at_boot_ns = START_NS + at * DAY_NS + (LENGTH_S + 60) * SECOND_NS
                with pages.browser(cookie(people.people, clock.utc_ns(), person)) as phone:
                    send(phone, person, name, [one for one in coded if one.lesson == name])
        yield SimpleNamespace(
            data=data, pages=pages, clock=clock, coded=coded, people=people.people
        )


def send(phone: Pages, person: str, lesson: str, coded: list[Coded]) -> None:
    """As over a bad network: in any order, and half of it twice."""
    assert phone.get(f"/lessons/{lesson}/coding").status_code == 200
    looks = [
        {
            "id": f"{n:032x}", "start_s": one.turn.start_s, "answer": one.said[person],
            "said_ms": 1_000 * one.turn.end_s,
        }
        for n, one in enumerate(coded)
    ]  # fmt: skip
    again = random.Random(5).sample(looks, len(looks) // 2)
    order = [*looks, *again]
    random.Random(6).shuffle(order)
    for first in range(0, len(order), 20):
        some = order[first : first + 20]
        answer = phone.post(f"/lessons/{lesson}/looks", json={"looks": some})
        assert answer.json()["taken"] == [look["id"] for look in some]


def said_of(turn: Turn, lesson: LabelledLesson, rng: np.random.Generator) -> dict[str, str]:
    """What two observers say who see the true share, each with errors of their own."""
    columns = [
        lesson.seats.index(seat)
        for zone in lesson.zones if zone.name == turn.zone for seat in zone.seats
    ]  # fmt: skip
    off = lesson.off_task[turn.start_s : turn.end_s, columns]
    there = lesson.occupied[turn.start_s : turn.end_s, columns]
    truth = off[there].mean() if there.any() else 0.0
    said = {}
    for person in ("kim", "lou"):
        seen = truth + rng.normal(0.0, 0.07)
        rank = int(np.searchsorted((0.04, 1 / 3, 2 / 3), seen))
        said[person] = "unsure" if rng.random() < 0.03 else WORDS[rank]
    return said


def share_of(turn: Turn, scored: list[EpochScore]) -> float:
    """The mean of the four epochs that a look covers exactly; NaN if fewer than two have a share."""
    shares = [
        zone.off_task
        for epoch in scored if turn.start_s <= epoch.first_seq < turn.end_s
        for zone in epoch.zones if zone.zone == turn.zone and zone.off_task is not None
    ]  # fmt: skip
    return float(np.mean(shares)) if len(shares) >= 2 else float("nan")


def epoch_of(lesson: str, starts_utc_ns: int, model: str, score: EpochScore) -> EpochRecord:
    def zone(one: ZoneScore) -> ZoneEpoch:
        values = (
            one.movement, one.movement_low, one.movement_high, one.off_task, one.off_task_low,
            one.off_task_high,
        )  # fmt: skip
        return ZoneEpoch(
            one.zone, one.seats, *(float("nan") if value is None else value for value in values)
        )

    return EpochRecord(
        lesson=lesson, stream_id=1, first_seq=score.first_seq,
        utc_ns=starts_utc_ns + score.first_seq * SECOND_NS, model=model,
        zones=tuple(zone(one) for one in (score.room, *score.zones)),
    )  # fmt: skip


def both_known(coded: list[Coded]) -> tuple[list[Coded], np.ndarray]:
    """Looks with two answers, and their ranks (2, n)."""
    known = [one for one in coded if "unsure" not in one.said.values()]
    ranks = [[WORDS.index(one.said[who]) for one in known] for who in ("kim", "lou")]
    return known, np.array(ranks)


def card(school: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> dict:
    assert main(["model", "card", "--data-dir", str(school.data), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["observed"]


def test_the_card_has_the_figures_that_are_computed_here(
    school: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    known, ranks = both_known(school.coded)
    found = card(school, capsys)
    agreement = found["agreement"]
    assert (found["observers"], agreement["looks"], agreement["lessons"]) == (2, len(known), 3)
    assert agreement["weighted"] == pytest.approx(cohen_kappa_score(*ranks, weights="linear"))
    assert agreement["half"] == pytest.approx(cohen_kappa_score(*(ranks >= 2)))
    assert agreement["weighted_ends"][0] < agreement["weighted"] < agreement["weighted_ends"][1]
    share = np.array([one.share for one in known])
    scored = np.isfinite(share)
    share, ranks = share[scored], ranks[:, scored]
    model = found["comparison"]
    assert (model["looks"], model["lessons"]) == (scored.sum(), 3)
    assert 60 <= scored.sum() < len(known)  # zones are known after two minutes
    assert model["order"] == pytest.approx(spearmanr(ranks.mean(axis=0), share).statistic)
    halves = (ranks >= 2).all(axis=0)
    sided = halves | (ranks < 2).all(axis=0)
    assert (model["sided"], model["halves"]) == (sided.sum(), halves.sum())
    if model["auc"] is not None:
        assert model["auc"] == pytest.approx(roc_auc_score(halves[sided], share[sided]))
    assert model["difference"] == pytest.approx((share - MIDDLES[ranks].mean(axis=0)).mean())
    # The model does see something, and the observers too.
    assert agreement["weighted"] > 0.3
    assert model["order"] > 0.1


def test_the_card_and_the_page_of_trust_say_it_in_words(
    school: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    known, ranks = both_known(school.coded)
    kappa = cohen_kappa_score(*ranks, weights="linear")
    assert main(["model", "card", "--data-dir", str(school.data)]) == 0
    text = capsys.readouterr().out
    compared = sum(not np.isnan(one.share) for one in known)
    says = (
        rf"checked in this school against {compared} looks of two observers, who agree with each "
        rf"other at kappa {kappa:.2f} \("
    )
    assert re.search("Its estimates were " + says, text)
    assert "rank correlation" in text
    assert "kim" not in text
    assert "not yet checked" not in text
    with school.pages.browser(cookie(school.people, school.clock.utc_ns(), "ada")) as pages:
        page = pages.get("/model").text
    assert re.search("Its estimates were <b>" + says, page)
    assert "Whether its suggestions are worth talking about is not yet checked" in page
    assert "Given a look with about half or most" in page or "five of each side are needed" in page
    assert not re.search(r"\b(kim|lou)\b", page)


def test_without_a_data_directory_the_card_says_nothing_of_observers(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["model", "card", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["observed"] is None
    assert main(["model", "card", "--data-dir", str(tmp_path)]) == 2
    assert "expected a folder with a score.db" in capsys.readouterr().err


def test_left_out_purged_and_withdrawn_looks_are_in_no_figure(
    school: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    before = card(school, capsys)["agreement"]["looks"]
    at = school.clock.utc_ns()
    with closing(open_school(school.data)) as opened:
        by = Actor(name="ada", utc_ns=at, person="ada")
        opened.sharing.teacher.exclude("l0", Span(100, 200), "fire_drill", "", by)
        known, _ = both_known(school.coded)
        left = [
            one for one in known
            if one.lesson != "l0" or one.turn.end_s <= 100 or one.turn.start_s >= 200
        ]  # fmt: skip
        assert card(school, capsys)["agreement"]["looks"] == len(left) < before
        purge(school, "l1", 300, 420)
        left = [
            one for one in left
            if one.lesson != "l1" or one.turn.end_s <= 300 or one.turn.start_s >= 420
        ]  # fmt: skip
        assert card(school, capsys)["agreement"]["looks"] == len(left)
        opened.sharing.observers.withdraw("l2", Actor(name="lou", utc_ns=at, person="lou"))
    left = [one for one in left if one.lesson != "l2"]
    after = card(school, capsys)
    assert (after["agreement"]["looks"], after["agreement"]["lessons"]) == (len(left), 2)
    assert after["comparison"]["order"] is None
    assert main(["model", "card", "--data-dir", str(school.data)]) == 0
    text = capsys.readouterr().out
    assert "not yet checked in real classrooms" in text
    assert "missing (60 looks in three lessons)" in text


def purge(school: SimpleNamespace, lesson: str, start_s: int, end_s: int) -> None:
    """As `roomtone purge --room --from --to` does it."""
    clock = SystemClock()
    with closing(open_stores(school.data)) as stores:
        starts = stores.lessons.get(lesson).starts_utc_ns
        planner = PurgePlanner(
            reader=stores.periods, lessons=stores.lessons, now_utc_ns=clock.utc_ns(),
            longest_ns=stores.longest_ns,
        )  # fmt: skip
        plan = planner.plan("r1", starts + start_s * SECOND_NS, starts + end_s * SECOND_NS)
    done = PurgeRun(data_dir=school.data, clock=clock, say=print).run(plan.request)
    assert done.removed["looks of observers"] == 2 * (end_s - start_s) // 30
