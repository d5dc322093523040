"""The answers to standards and laws: complete, honest in form, each held by a test that there is."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES
from ingest.settings import ServerSettings
from models.serving.manifest import SHIPPED, ModelManifest
from roomtone.oversight.answers import SHEETS, Answer, answers_document, read_sheet
from roomtone.oversight.model_card import model_card
from roomtone.oversight.situation import Situation

ROOT = Path(__file__).parents[3]
ETSI = read_sheet("etsi-en-303-645")
LAW = read_sheet("law")
PROVISIONS: Final = {
    "5.1": 5, "5.2": 3, "5.3": 16, "5.4": 4, "5.5": 8, "5.6": 9, "5.7": 2, "5.8": 3, "5.9": 3,
    "5.10": 1, "5.11": 4, "5.12": 3, "5.13": 1, "6": 5,
}  # fmt: skip
"""How many provisions each clause of EN 303 645 V2.1.1 has."""


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_every_provision_has_its_answer() -> None:
    wanted = ["4-1"]
    wanted += [f"{clause}-{n}" for clause, many in PROVISIONS.items() for n in range(1, many + 1)]
    assert [each.id for each in ETSI.answers] == wanted
    assert len(wanted) == 68


@pytest.mark.parametrize("name", SHEETS)
def test_each_answer_is_held_by_tests_that_there_are(name: str) -> None:
    sheet = read_sheet(name)
    named = [test for each in sheet.answers for test in each.held_by]
    assert len(named) >= len(sheet.answers) / 2
    assert [test for test in named if not is_there(test)] == []
    assert [each.id for each in sheet.answers if needs_test(each) and not each.held_by] == []


def is_there(test: str) -> bool:
    path, _, name = test.partition("::")
    return (ROOT / path).is_file() and name in names_in(path)


def needs_test(answer: Answer) -> bool:
    """What is claimed needs one; what is not met names none, as nothing would hold it."""
    return answer.answer in {"yes", "partly"}


def test_what_is_not_met_names_no_test() -> None:
    unmet = [each for sheet in (ETSI, LAW) for each in sheet.answers if each.answer == "no"]
    assert len(unmet) >= 10, "it would be the first device that meets all of it"
    assert [each.id for each in unmet if each.held_by] == []


def test_the_docs_count_them_right() -> None:
    counts = Counter(each.answer for each in ETSI.answers)
    said = " ".join((ROOT / "docs" / "oversight.md").read_text().split())
    assert (
        f"Of the provisions {counts['yes']} are met, {counts['partly']} in part, {counts['no']} not, "
        f"and {counts['not applicable']} do not apply"
    ) in said


def test_the_checklist_has_the_articles_that_a_committee_asks_for() -> None:
    ids = " ".join(each.id for each in LAW.answers)
    for wanted in (
        "FERPA § 99.3", "FERPA § 99.10", "§ 99.31(a)(1)", "FERPA § 99.32", "GDPR Art. 5(1)(a), 6",
        "GDPR Art. 9", "GDPR Art. 15", "GDPR Art. 17", "GDPR Art. 22", "GDPR Art. 25", "GDPR Art. 35",
        "GDPR Art. 88", "AI Act Art. 5(1)(f)", "AI Act Annex III point 3(d)",
        "AI Act Annex III point 4(b)",
    ):  # fmt: skip
        assert wanted in ids
    assert len({each.id for each in LAW.answers}) == len(LAW.answers)


def test_each_document_counts_what_it_lists() -> None:
    for name in SHEETS:
        counts, answers = (
            block for block in answers_document(name).blocks if hasattr(block, "rows")
        )
        for given, many in counts.rows:
            assert sum(row[2] == given for row in answers.rows) == int(many) > 0
        assert sum(int(many) for _given, many in counts.rows) == len(answers.rows)


def test_the_policy_for_reports_says_what_the_answers_say() -> None:
    policy = " ".join((ROOT / "SECURITY.md").read_text().split())
    for words in ("Report a vulnerability", "within a week", "90 days", "Only the newest release"):
        assert words in policy


def test_no_input_of_the_model_is_of_a_face_a_voice_or_a_body() -> None:
    """Levels of movement and of the room's sound, and times: nothing by which somebody is known."""
    units = {quantity.unit for quantity in (*SEAT_QUANTITIES, *ROOM_QUANTITIES)}
    assert units == {"dB re 1 mg", "dB re 1 mg/s", "1", "deg", "dB(A)"}
    manifest = ModelManifest.from_json(SHIPPED.with_suffix(".json").read_text(), "the shipped one")
    for feature in manifest.features:
        for word in ("face", "voice", "pitch", "speech", "heart", "gaze", "emotion", "name"):
            assert word not in feature


def test_the_model_card_says_what_it_is_not_for() -> None:
    settings = ServerSettings(site="hill")
    now = Situation(settings=settings, database=None, utc_ns=0, version="")  # type: ignore[arg-type]
    card = str(model_card(now).blocks)
    for words in (
        "Supervising tests or exams",
        "Rating, ranking",
        "Emotions",
        "Tested on simulated",
    ):
        assert words in card
