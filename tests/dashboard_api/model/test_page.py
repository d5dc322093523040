"""The model page, the text about trust next to each estimate, and drift over the weeks."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import asdict, replace
from html import unescape

import pytest

from contract.clock import SECOND_NS
from contract.errors import StoreError
from dashboard_api.model.card_view import card, scored_text
from dashboard_api.model.claim_view import claim_sentence
from dashboard_api.model.drift_watch import DriftWatch
from dashboard_api.model.outcome import Outcome
from dashboard_api.model.trust import trust_text
from dashboard_api.views.text import TRUST
from dashboard_api.web.model_catalog import ModelCatalog
from ingest.stores.records import EpochRecord, ZoneEpoch
from models.serving.claims import STRONG, MomentClaim, claim_for, claims_of
from models.serving.manifest import SHIPPED, ModelManifest
from school.moments.records import Verdict as Answered
from school.moments.records import VerdictCount
from tests.signed_in import COACH, TEACHER

PAGES = ("/", "/lessons/sample", "/rooms/room-204/live", "/model", "/model?lesson=sample")
WEEK_NS = 7 * 86_400 * SECOND_NS


def text_of(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def shipped() -> ModelManifest:
    return ModelManifest.from_json(
        SHIPPED.with_suffix(".json").read_text(encoding="utf-8"), "shipped"
    )


def answer_moments(stores, *, confirmed: int, dismissed: int) -> None:
    for i in range(confirmed + dismissed):
        stores.lessons.put_verdict(
            Answered(
                lesson="sample",
                moment=f"alert-{i}",
                by=TEACHER,
                role="teacher",
                is_confirmed=i < confirmed,
                kind="lively",
                zone="room",
                start_s=10.0,
                end_s=20.0,
            )
        )


# ------------------------------------------------------------------------------ the text about trust


def test_below_fifty_answers_the_pages_say_not_yet_checked(client, stores, filled):
    answer_moments(stores, confirmed=30, dismissed=19)
    for path in PAGES:
        assert TRUST in text_of(client.get(path)), path
    moments = client.get("/api/lessons/sample/moments").json()
    assert {each["trust"] for each in moments if each["kind"] == "suggested"} == {TRUST}
    assert client.get("/api/model").json()["trust"] == TRUST


def test_from_fifty_answers_on_the_pages_show_the_schools_own_figure(client, stores, filled):
    answer_moments(stores, confirmed=30, dismissed=20)
    words = trust_text(VerdictCount(confirmed=30, dismissed=20))
    assert "30 of 50" in words
    assert "60 %; 95 % interval 46 to 72 %" in words
    for path in PAGES:
        page = text_of(client.get(path))
        assert words in page, path
        assert TRUST not in page, path
    moments = client.get("/api/lessons/sample/moments").json()
    assert {each["trust"] for each in moments if each["kind"] == "suggested"} == {words}
    assert client.get("/api/model").json()["trust"] == words


# ------------------------------------------------------------------------------ the card


def test_every_estimate_on_the_lesson_page_has_its_note(client, filled):
    page = client.get("/lessons/sample").text
    suggestions = page.count("Why the system suggests this moment")
    assert suggestions >= 2
    assert page.count('popovertarget="trust-note"') == suggestions + 1  # and the note's own close
    assert page.count('id="trust-note"') == 1
    assert "/model?lesson=sample" in page


def test_a_figure_from_simulation_is_marked_on_its_line(client, filled):
    page = client.get("/model").text
    parts = re.findall(r"<(p|li|th|td|h3)\b[^>]*>(.*?)</\1>", page, re.DOTALL)
    lines = [re.sub(r"<[^>]+>", " ", part) for kind, part in parts if kind in {"p", "li"}]
    lines = [part for part in lines if re.search(r"\d+ (%|times|s)|\d+ of \d+|kappa \d", part)]
    about_drift = (
        "PSI",
        "minutes are needed",
        "A restless stretch",
        "A lively stretch was right",
        "Not enough data yet",
    )
    figures = [part for part in lines if not any(words in part for words in about_drift)]
    assert len(figures) >= 6
    assert [part for part in figures if "simulated" not in part] == []
    (table,) = re.findall(r'<table class="comparison">(.*?)</table>', page, re.DOTALL)
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>', table)
    assert len(rows) >= 8
    assert all("simulated" in row for row in rows)


def test_the_card_shows_the_manifests_figures(client):
    manifest = shipped()
    figures = manifest.figures["simulated_unseen_classrooms"]
    page = text_of(client.get("/model"))
    right = round(figures["alert_precision"] * figures["alerts"])
    assert f"{right} of {figures['alerts']} were" in page
    assert f"Pupils were off task {figures['base_rate'] * 100:.0f} % of the time" in page
    for words in ("never an alert", "movement rule", "human observer", "best possible"):
        assert words in page
    assert "looks away without moving" in page
    answer = client.get("/api/model").json()
    assert answer["version"] == manifest.version
    assert answer["figures"] == json.loads(json.dumps(manifest.figures))


def test_the_lesson_says_which_model_its_estimates_come_from(client, stores, filled):
    note = text_of(client.get("/lessons/sample"))
    current = shipped().version
    assert "This lesson’s estimates come from model sample-1." in note
    assert f"sample-1 are not available here. You see those for model {current}" in note
    epochs = [replace(epoch, model=current) for epoch in stores.scores.epochs("sample")]
    stores.scores.commit(cursor=9, epochs=epochs)
    note = text_of(client.get("/model?lesson=sample"))
    assert f"This lesson’s estimates come from model {current}." in note
    assert "not available" not in note
    stores.lessons.put(replace(filled.lesson, id="new"))
    assert "This lesson has no estimates yet" in text_of(client.get("/lessons/new"))


def test_a_schools_own_model_says_what_it_was_made_from(client, tmp_path):
    school = {
        "how": "recalibrated", "base": "b", "labels": 60, "lessons": 20, "confirmed": 33,
        "dismissed": 27,
        "held_out_lessons": {
            "log_loss": 0.5, "log_loss_shipped": 0.6, "better": 0.1, "better_low": 0.05,
            "better_high": 0.15, "moments": 60, "lessons": 20, "brier": 0.2, "brier_shipped": 0.22,
        },
    }  # fmt: skip
    own = replace(shipped(), version="b+1", data={**shipped().data, "school": school})
    (tmp_path / "own.json").write_text(own.to_json(), encoding="utf-8")
    assert "Your school" not in text_of(client.get("/model"))
    client.app.state.catalog.model_file = tmp_path / "own.onnx"
    page = text_of(client.get("/model"))
    assert "Your school’s own model Alerts: recalibrated on 60 labels of 20 lessons" in page
    assert "The other figures are the base model's" in page
    assert "was made from model b," in page
    assert f"comes with model {shipped().version}," in page


def test_a_schools_own_model_on_the_shipped_one_is_not_called_outdated(client, tmp_path):
    own = replace(shipped(), version=f"{shipped().version}+1")
    (tmp_path / "own.json").write_text(own.to_json(), encoding="utf-8")
    client.app.state.catalog.model_file = tmp_path / "own.onnx"
    assert "was made from model" not in text_of(client.get("/model"))


def test_suggestions_lead_the_note_with_their_own_figures(client, filled):
    claims = claims_of(shipped())
    assert {one.group for one in claims} == {"room", "zone", "calm"}
    for path in ("/lessons/sample", "/model"):
        page = text_of(client.get(path))
        for one in claims:
            assert f"{one.right} of {one.n} were right" in page, path
            assert claim_sentence(one, "simulated") in page, path
    page = text_of(client.get("/model"))
    assert page.index("how often a suggestion is right") < page.index("During the lesson")
    bins = shipped().figures["simulated_unseen_classrooms"]["moment_reliability"]
    assert all(f"{one['right']} of {one['n']}" in page for one in bins)


@pytest.mark.parametrize(
    ("right", "n", "words"),
    (
        (44, 50, "In 8 to 9 of 10 such stretches of simulated lessons, clearly more"),
        (500, 1000, "In about 5 of 10 such stretches"),
        (3, 4, "is not known: the test had 4 such stretches (simulated)."),
        (1, 1, "the test had 1 such stretch (simulated)."),
        (0, 0, "the test had no such stretch (simulated)."),
    ),
)
def test_what_a_suggestion_says_of_itself(right, n, words):
    claim = MomentClaim(group="room", is_strong=True, n=n, right=right, rise=0.2)
    assert words in claim_sentence(claim, "simulated")
    calm = claim_sentence(replace(claim, group="calm", is_strong=None), "simulated")
    assert ("fewer pupils than usual" in calm) == (n >= 10)


def test_a_suggestion_finds_its_claim():
    claims = [
        MomentClaim(group=group, is_strong=is_strong, n=20, right=15, rise=0.2)
        for group, is_strong in (("room", True), ("zone", False), ("calm", None))
    ]
    assert claim_for(claims, "room", STRONG) == claims[0]
    assert claim_for(claims, "room", STRONG - 0.01).n == 0
    assert claim_for(claims, "front", STRONG - 0.01) == claims[1]
    assert claim_for(claims, "room", None) == claims[2]


@pytest.mark.parametrize("path", ("/model?lesson=none", "/api/model?lesson=none"))
def test_the_card_of_an_unknown_lesson_is_a_404(client, path):
    assert client.get(path).status_code == 404


def test_the_text_about_the_models_that_scored():
    assert "models b and a." in scored_text(["b", "a"], ["b", "a"], "b")
    assert "figures for a are not available" in scored_text(["b", "a"], ["b"], "b")


def test_a_card_without_figures_leaves_them_out():
    bare = card(replace(shipped(), figures={}, data={"source": "simulated"}))
    assert (bare.precision, bare.recall, bare.delay, bare.false_alerts) == (None, None, "", "")
    assert (bare.suggestions, bare.reliability) == ((), None)
    assert {row.model for row in bare.rows} == {"–"}


@pytest.mark.parametrize(
    ("share", "n", "words"),
    (
        (0.0, 9, "none"), (1.0, 9, "all"), (0.5, 10, "5"), (0.52, 25, "about 5"),
        (0.02, 50, "less than 1"), (0.98, 50, "about 10"),
    ),
)  # fmt: skip
def test_ten_dots_as_text(share, n, words):
    assert Outcome.of(share, n).of_ten == words


def test_a_share_without_a_number_has_no_outcome():
    assert Outcome.of(None, 4) is None
    assert Outcome.of(0.5, 0) is None


# ------------------------------------------------------------------------------ finding manifests


def test_manifests_next_to_the_configured_model_are_found(tmp_path):
    own = replace(shipped(), version="school-2")
    (tmp_path / "school.json").write_text(own.to_json(), encoding="utf-8")
    (tmp_path / "older.json").write_text(
        replace(own, version="school-1").to_json(), encoding="utf-8"
    )
    (tmp_path / "other.json").write_text("[1]", encoding="utf-8")
    catalog = ModelCatalog(tmp_path / "school.onnx")
    assert catalog.current().version == "school-2"
    assert catalog.find("school-1").version == "school-1"
    assert catalog.find(shipped().version).version == shipped().version
    assert catalog.find("never-heard-of") is None
    assert set(catalog.references(["school-1", "x"])) == {"school-1"}
    (tmp_path / "made.json").write_text(replace(own, version="b+1").to_json(), encoding="utf-8")
    assert catalog.find("b+1") is not None
    assert set(catalog.references(["b"])) == {"b"}


def test_a_replaced_model_is_noticed_and_the_old_card_is_remembered(tmp_path):
    at = tmp_path / "school.json"
    at.write_text(replace(shipped(), version="a").to_json(), encoding="utf-8")
    catalog = ModelCatalog(tmp_path / "school.onnx")
    assert catalog.current().version == "a"
    at.write_text(replace(shipped(), version="longer-b").to_json(), encoding="utf-8")
    assert catalog.current().version == "longer-b"
    assert catalog.find("a").version == "a"


def test_the_page_says_why_a_manifest_cant_be_read(client, tmp_path):
    client.app.state.catalog.model_file = tmp_path / "gone.onnx"
    page = client.get("/model")
    assert page.status_code == 200
    assert "gone.json: the model's manifest can't be read" in text_of(page)
    assert client.get("/api/model").json()["version"] is None


# ------------------------------------------------------------------------------ drift


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Pages that read all lessons before they answer, however slow the machine."""
    monkeypatch.setattr("dashboard_api.model.drift_watch.READ_FOR_S", 60.0)


@pytest.fixture
def weeks(stores, filled):
    """Six weeks of twelve lessons in the model's own reference, the last of them shifted."""
    manifest = shipped()
    for week in range(6):
        for i in range(12):
            at = filled.start_ns + (week - 8) * WEEK_NS + i * 3600 * SECOND_NS
            name = f"w{week}-{i}"
            stores.lessons.put(
                replace(filled.lesson, id=name, starts_utc_ns=at, ends_utc_ns=at + 3000 * SECOND_NS)
            )
            stores.scores.commit(
                cursor=1, epochs=list(_epochs(name, at, manifest, 40 if week == 5 else 0))
            )
    return manifest


def _epochs(lesson, start_ns, manifest, shift):
    for k in range(50):
        at = min(100.0, 2.0 * k + 1.0 + shift) / 10.0
        values = [
            _between(manifest.reference[f"room_{name}"], at) for name in ("movement_db", "off_task")
        ]
        yield EpochRecord(
            lesson=lesson, stream_id=5, first_seq=60 * k, utc_ns=start_ns + 60 * k * SECOND_NS,
            model=manifest.version,
            zones=(
                ZoneEpoch(
                    zone="room", seats=30, movement_db=values[0], movement_low_db=0.0,
                    movement_high_db=0.0, off_task=values[1], off_task_low=0.0, off_task_high=1.0,
                ),
            ),
        )  # fmt: skip


def _between(deciles, at):
    low = min(9, int(at))
    return deciles[low] + (at - low) * (deciles[low + 1] - deciles[low])


def test_drift_is_on_the_page_and_in_the_response(client, weeks):
    page = client.get("/model").text
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())
    assert "rooms differ a lot from the lessons that the model learned from" in text
    assert "There is a large change since your school’s own first weeks" in text
    assert (page.count('<rect class="trained"'), page.count('<rect class="own"')) == (6, 2)
    answer = client.get("/api/model").json()
    school = [week for week in answer["weeks"] if week["room"] is None]
    mine = [week for week in school if week["model"] == weeks.version]
    assert [week["words_trained"] for week in mine] == ["much the same"] * 5 + ["large change"]
    assert {week["model"] for week in school} == {weeks.version, "sample-1"}
    assert answer["lessons_to_read"] == 0


def test_the_metrics_have_the_last_weeks_index(client, weeks):
    before = client.get("/metrics").text
    assert "roomtone_dashboard_drift_psi{" not in before
    client.get("/model")
    metrics = client.get("/metrics").text
    found = re.findall(r'drift_psi\{against="(\w+)",quantity="(\w+)"\} ([\d.]+)', metrics)
    assert [(against, quantity) for against, quantity, _ in found] == [
        ("training", "off_task"), ("training", "movement_db"),
        ("first_weeks", "off_task"), ("first_weeks", "movement_db"),
    ]  # fmt: skip
    assert all(float(value) > 0.25 for *_, value in found)
    assert "roomtone_dashboard_drift_lessons_waiting 0" in metrics


def test_a_new_school_has_not_enough_data(client, stores, filled):
    current = shipped().version
    epochs = [replace(epoch, model=current) for epoch in stores.scores.epochs("sample")]
    stores.scores.commit(cursor=9, epochs=epochs)
    text = text_of(client.get("/model"))
    assert "Not enough data yet: Week 47 of 2025 has 1 lesson and" in text


def test_answered_moments_are_counted_by_week(client, stores, filled, weeks):
    stores.lessons.put_verdict(
        Answered(
            lesson="w5-1", moment="x", by=COACH, role="coach", is_confirmed=False, kind="lively", zone="room",
            start_s=1.0, end_s=2.0,
        )
    )  # fmt: skip
    found = client.get("/api/model").json()["weeks"]
    assert [week["dismissed"] for week in found if week["room"] is None] == [0, 0, 0, 0, 0, 1, 0]


def test_following_continues_after_a_store_failed_once(client, filled, monkeypatch):
    """The background task survives, and the weeks are there afterwards."""
    store, watch = client.app.state.store_thread, DriftWatch(ModelCatalog(), None)
    monkeypatch.setattr("dashboard_api.model.drift_watch.FOLLOW_EVERY_S", 0.0)
    scores = filled.stores.scores
    there, failures = scores.scored_lessons, [StoreError("broken just now")]

    def once():
        if failures:
            raise failures.pop()
        return there()

    monkeypatch.setattr(scores, "scored_lessons", once)

    async def follow() -> None:
        task = asyncio.create_task(watch.run(store))
        async with asyncio.timeout(60):
            while watch.latest is None:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    client._runner.run(follow())
    assert [week.week for week in watch.latest.school] == ["2025-W47"]
    assert asdict(watch.latest)["rooms"][0]["room"] == "room-204"
