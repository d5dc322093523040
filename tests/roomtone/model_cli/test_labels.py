"""From an answer on the page to a school's own model, and the guard in between."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pytest

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from dashboard_api.command import open_stores
from ingest.stores import open_period_store, open_score_store
from ingest.stores.records import ZoneEpoch
from models.school_model.labels import LABEL_FEATURES
from models.school_model.recalibration import Estimates
from models.school_model.training import estimates_of
from models.serving.area import AREA_FEATURES, AlertModel
from models.serving.off_task import OffTaskModel
from roomtone.cli import main
from roomtone.model_cli import labels as model_command_labels
from roomtone.model_cli.labels import labelled_moments
from school import open_lesson_store
from school.moments.records import VerdictCount
from tests.models.conftest import _lesson
from tests.signed_in import cookie_of_all

START_NS = 1_763_460_300 * SECOND_NS
LESSONS = 16
EVERY = [(lesson, alert) for lesson in range(LESSONS) for alert in range(4)]
TEACHERS = ("Ms Ortega", "Mr Lind")
NOISE = AREA_FEATURES.index("noise_60")
WEIGHTS = tuple(float(at == NOISE) for at in range(len(AREA_FEATURES)))


def sample_lesson() -> Any:
    path = Path(__file__).parents[2] / "browser" / "sample_lesson.py"
    spec = spec_from_file_location("sample_lesson", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules.setdefault("sample_lesson", module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The shipped trees, with alerts that depend on one number, so that a test knows the score."""
    shipped = OffTaskModel.load()
    estimate = AlertModel(weights=WEIGHTS, intercept=2.0)  # it claims too much
    alerts = {
        name: replace(getattr(shipped.manifest, name), estimate=estimate)
        for name in ("room_alerts", "zone_alerts")
    }
    path = tmp_path_factory.mktemp("base") / "base.onnx"
    shipped.save(path)
    manifest = replace(shipped.manifest, version="9-0123abcd", **alerts)
    path.with_suffix(".json").write_text(manifest.to_json(), encoding="utf-8")
    return SimpleNamespace(path=path, manifest=OffTaskModel.load(path).manifest)


def even_but_for_alerts(module: Any, second: int, zone: ZoneEpoch) -> ZoneEpoch:
    """Lively where the zone had an alert and nowhere else, so that each alert is suggested."""
    if not zone.off_task >= 0.0:
        return zone
    lively = any(
        start <= second < end and zone.zone == name for start, end, name, *_ in module.EPISODES
    )
    share = 0.75 if lively else 0.25
    return replace(zone, off_task=share, off_task_low=share - 0.1, off_task_high=share + 0.1)


def fill(data: Path, model: str) -> None:
    """Scored lessons in a data directory."""
    module = sample_lesson()
    rng = np.random.default_rng(5)
    with (
        closing(open_period_store(data)) as periods,
        closing(open_score_store(data)) as scores,
        closing(open_lesson_store(data)) as lessons,
    ):
        for at in range(LESSONS):
            start_ns = START_NS + at * 86_400 * SECOND_NS
            made = module.Sample(
                start_utc_ns=start_ns, lesson=f"lesson-{at}", with_scores=False,
                teacher=TEACHERS[at % 2], seconds=60, run=at,
            )  # fmt: skip
            lesson = module.write(periods, scores, lessons, made)
            lessons.put(replace(lesson, ends_utc_ns=start_ns + 3_000 * SECOND_NS))
            whole = replace(made, seconds=3_000)
            noises = np.repeat(rng.normal(0.0, 2.5, 75), 8).tolist()
            epochs = [
                replace(
                    epoch,
                    model=model,
                    zones=tuple(
                        even_but_for_alerts(module, epoch.first_seq, replace(zone, noise_db=noise))
                        for zone in epoch.zones
                    ),
                )
                for epoch, noise in zip(module._epochs(whole, at, 3_000), noises, strict=True)
            ]
            scores.commit(cursor=at, epochs=epochs, alerts=module._alerts(whole, 3_000))


class School:
    """A data directory, answered through the pages' interface."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def ask(self, *requests: tuple[str, str, Any]) -> list[httpx.Response]:
        now = START_NS + 100 * 86_400 * SECOND_NS
        cookies = cookie_of_all(self.data, now)

        async def all_of() -> list[httpx.Response]:
            app = create_app(
                lambda: open_stores(self.data),
                clock=ManualClock(utc_at_boot_ns=now),
            )
            await app.state.store_thread.open()
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1", cookies=cookies,
                headers={"Sec-Fetch-Site": "same-origin"},
            ) as web:  # fmt: skip
                answers = [await web.request(how, at, json=body) for how, at, body in requests]
            await app.state.store_thread.close()
            return answers

        answers = asyncio.run(all_of())
        for answer in answers:
            assert answer.is_success, answer.text
        return answers

    def allow(self, lessons: tuple[int, ...] = (0, 1)) -> None:
        self.ask(*(("PUT", f"/api/lessons/lesson-{n}/answers", {"is_kept": True}) for n in lessons))

    def say(self, said: dict[tuple[int, int], bool]) -> None:
        self.ask(
            *(
                (
                    "PUT",
                    f"/api/lessons/lesson-{n}/moments/lesson-{n}-alert-{i}/verdict",
                    {"verdict": "confirmed" if yes else "dismissed"},
                )
                for (n, i), yes in said.items()
            )
        )


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory, base: SimpleNamespace) -> Path:
    data = tmp_path_factory.mktemp("untouched") / "data"
    fill(data, base.manifest.version)
    return data


@pytest.fixture(scope="module")
def confirmed(tmp_path_factory: pytest.TempPathFactory, untouched: Path) -> Path:
    """Both teachers allow labels, and every suggestion was confirmed."""
    data = tmp_path_factory.mktemp("confirmed") / "data"
    shutil.copytree(untouched, data)
    School(data).allow()
    School(data).say(dict.fromkeys(EVERY, True))
    return data


@pytest.fixture
def school(tmp_path: Path, confirmed: Path) -> School:
    shutil.copytree(confirmed, tmp_path / "data")
    return School(tmp_path / "data")


def answer_by_score(school: School, base: SimpleNamespace, *, at_least: float) -> None:
    """A school that finds moments worth talking about from a much higher score on."""
    estimates: Estimates = estimates_of(base.manifest)
    labels, moments = kept(school), labelled_moments(school.data)
    logits = estimates.logits(moments).tolist()
    scores = {label.moment: z for label, z in zip(labels, logits, strict=True)}
    lower = [(n, i) for n, i in EVERY if scores[f"lesson-{n}-alert-{i}"] < at_least]
    assert 10 < len(lower) < 54
    school.say(dict.fromkeys(lower, False))


def by_chance(school: School) -> None:
    rng = np.random.default_rng(3)
    school.say({one: bool(yes) for one, yes in zip(EVERY, rng.random(64) < 0.5, strict=True)})


def kept(school: School) -> list[Any]:
    with closing(open_lesson_store(school.data)) as lessons:
        return lessons.labels()


def recalibrate(school: School, base: SimpleNamespace, *words: str) -> int:
    return main(
        ["model", "recalibrate", "--data-dir", str(school.data), "--model", str(base.path), *words]
    )


@pytest.mark.slow
def test_from_answers_to_a_model_that_the_scorer_takes(
    school: School, base: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    answer_by_score(school, base, at_least=3.2)
    with closing(open_lesson_store(school.data)) as lessons:
        assert isinstance(lessons.count_verdicts(), VerdictCount)
    assert recalibrate(school, base) == 0
    reported = capsys.readouterr().out
    path = school.data / "school_model.onnx"
    assert f'model_file = "{path}" in [score]' in reported
    assert "recalibrated on 64 labels of 16 lessons" in reported
    own = OffTaskModel.load(path)
    assert own.version.startswith(f"{base.manifest.version}+")
    values = np.zeros((3, len(own.manifest.features)), np.float32)
    np.testing.assert_array_equal(
        own.probability(values), OffTaskModel.load(base.path).probability(values)
    )
    before, after = base.manifest.room_alerts.estimate, own.manifest.room_alerts.estimate
    assert before is not None
    assert after is not None
    rows = np.zeros((5, len(AREA_FEATURES)))
    rows[:, NOISE] = (-2.0, 0.0, 1.0, 2.0, 5.0)
    assert (np.diff(after.score(rows)) > 0).all()
    assert after.score(rows)[2] < before.score(rows)[2]  # it asks for more than before
    assert main(["model", "card", "--model", str(path)]) == 0
    assert recalibrate(school, base, "--json", "--output", str(school.data / "x.onnx")) == 0
    said = json.loads(capsys.readouterr().out.split("\n{", 1)[-1].join(("{", "")))
    assert said["held_out_lessons"]["better_low"] > 0
    # A label that the school's own model scored rests on the same shares.
    assert recalibrate(school, SimpleNamespace(path=path)) == 1
    assert "is already a school's own model" in capsys.readouterr().err


@pytest.mark.slow
def test_answers_that_do_not_follow_the_score_change_nothing(
    school: School, base: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    by_chance(school)
    assert recalibrate(school, base) == 1
    assert "nothing was written" in capsys.readouterr().err
    assert not (school.data / "school_model.onnx").exists()


@pytest.mark.slow
def test_what_can_not_be_learned_from_is_said(
    tmp_path: Path, untouched: Path, base: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(untouched, tmp_path / "data")
    school = School(tmp_path / "data")

    def refused() -> str:
        assert recalibrate(school, base) == 1
        return capsys.readouterr().err

    school.say({(0, 0): True})
    assert "no labels are stored: a teacher has to allow it" in refused()
    school.allow((0,))
    school.say({(n, 1): True for n in range(4)})
    assert "2 labels of suggested moments in 2 lessons are too few" in refused()
    school.allow((1,))
    with closing(open_lesson_store(school.data)) as lessons:
        (first, _) = lessons.labels()
        (said,) = lessons.verdicts("lesson-2")
        for n, i in EVERY:
            here = {"lesson": f"lesson-{n}", "moment": f"lesson-{n}-alert-{i}"}
            lessons.put_verdict(replace(said, **here), replace(first, **here))
        assert "64 confirm and 0 dismiss" in refused()
        for version, sentence in (
            ("model", "64 of 64 labels come from scores of model 1-00000000, not of 9-0123abcd"),
            ("features_version", "64 of 64 labels have features of version 1-00000000"),
        ):
            for label in lessons.labels():
                assert label.features_version == LABEL_FEATURES
                (said,) = (v for v in lessons.verdicts(label.lesson) if v.moment == label.moment)
                lessons.put_verdict(said, replace(label, **{version: "1-00000000"}))
            assert sentence in refused()


def test_bad_arguments_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "recalibrate", "--data-dir", str(tmp_path)]) == 2
    assert "has no school.db" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    words = ["model", "recalibrate", "--data-dir", str(tmp_path), "--output"]
    assert main([*words, str(tmp_path / "x.txt")]) == 2
    assert "expected a .onnx file" in capsys.readouterr().err


@pytest.fixture(autouse=True)
def _no_leftovers() -> Iterator[None]:
    yield
    sys.modules.pop("sample_lesson", None)


@pytest.mark.slow
def test_training_with_labels_requires_an_improvement_too(
    school: School,
    base: SimpleNamespace,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def draw_small(classrooms: int, seed: int, *, is_cached: bool) -> list[SimpleNamespace]:
        assert is_cached
        return [
            SimpleNamespace(lesson=_lesson(seed + at, seconds=1_200)) for at in range(classrooms)
        ]

    monkeypatch.setattr(model_command_labels, "draw_lessons", draw_small)
    answer_by_score(school, base, at_least=3.2)
    words = [
        "model", "train", "--with-labels", str(school.data), "--base", str(base.path),
        "--classrooms", "4", "--seed", "77",
    ]  # fmt: skip
    assert main(words) == 0
    assert "trained with labels on 64 labels of 16 lessons" in capsys.readouterr().out
    own = OffTaskModel.load(school.data / "school_model.onnx").manifest
    assert (own.sha256, own.calibration) == (base.manifest.sha256, base.manifest.calibration)
    for policy in (own.room_alerts, own.zone_alerts):
        assert policy.estimate is not None
        assert policy.estimate.weights[NOISE] > 0.0  # these labels say so
        assert np.count_nonzero(policy.estimate.weights) > 1  # and the drawn lessons more
    by_chance(school)
    (school.data / "school_model.onnx").unlink()
    assert main(words) == 1
    assert "nothing was written" in capsys.readouterr().err
    assert not (school.data / "school_model.onnx").exists()
