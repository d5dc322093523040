"""The plan, and how it came, in the record, in the bundle and in an imported copy."""

from __future__ import annotations

import html
import re

import pytest
from pydantic import ValidationError

from school.bundle.records import BundledPhase
from school.sharing.cut import Span
from tests.dashboard_api.conftest import START_NS
from tests.dashboard_api.record.test_bundle import taken as bundle_taken
from tests.dashboard_api.record.test_imported import imported
from tests.dashboard_api.record.test_pdf import taken as record_taken
from tests.signed_in import BY, COACH

PLAN = "/lessons/sample/plan"
SAID = (
    "Began at 0:20, as planned. It took 16 min and ran over by 5 min 40 s; 10 min were planned.",
    "Never came, as its teacher says; 10 min were planned.",
)


def plan(client) -> None:
    client.post(PLAN, data={"text": "10 Warm-up\n20 Group task #f.1\n10 Share", "revision": 0})
    for place, says, at in ((0, "began", "0:20"), (1, "began", "16:00"), (2, "never", "")):
        said = {"revision": 1, "says": says, "at": at}
        assert client.post(f"{PLAN}/phases/{place}", data=said).status_code == 303


def shown(client, address: str) -> str:
    text = html.unescape(re.sub("<[^>]*>", " ", client.get(address).text))
    return " ".join(text.split())


def test_the_record_has_it(client, filled) -> None:
    _, before = record_taken(client)
    assert "Planned, and how it came" not in before
    plan(client)
    _, text = record_taken(client)
    assert "Planned, and how it came The plan has 3 phases and 40 minutes." in text
    assert "10:00–30:00 Group task" in text
    assert "f.1" in text
    for sentence in SAID:
        assert sentence in text


def test_the_bundle_has_it_and_it_is_read_back(client, coach, filled) -> None:
    assert bundle_taken(client).plan == []
    plan(client)
    found = bundle_taken(client).plan
    assert [(one.name, one.state, one.began_s, one.ended_s) for one in found] == [
        ("Warm-up", "came", 20, 960), ("Group task", "came", 960, 3000), ("Share", "absent", None, None),
    ]  # fmt: skip
    assert [one.standards for one in found] == [[], ["f.1"], []]
    file = client.get("/lessons/sample/lesson.json").content
    text = shown(coach, imported(coach, file))
    assert "Planned, and how it came The plan has 3 phases and 40 minutes." in text
    assert "10:00–30:00 Group task f.1 Began at 16:00" in text
    for sentence in SAID:
        assert sentence in text


def test_of_a_part_it_has_what_lies_in_the_part(client, coach, filled, stores) -> None:
    plan(client)
    stores.sharing.share(
        "sample", COACH, BY, until_utc_ns=START_NS * 2, spans=[Span(600, 1800)]
    )  # fmt: skip
    (phase,) = bundle_taken(coach).plan
    assert (phase.name, phase.state, phase.began_s, phase.ended_s) == (
        "Group task",
        "came",
        960,
        None,
    )
    _, text = record_taken(coach)
    assert "Group task" in text
    assert "Warm-up" not in text


@pytest.mark.parametrize(
    ("changes", "said"),
    (
        ({"state": "came"}, "a phase has a beginning if it came, and only then"),
        ({"state": "absent", "began_s": 3}, "a phase has a beginning if it came, and only then"),
        ({"state": "came", "began_s": 3, "ended_s": 2}, "a phase ends before it begins"),
        ({"end_s": -1}, "greater than or equal to 0"),
    ),
)
def test_a_phase_that_cannot_be_is_refused(changes, said) -> None:
    known = {"start_s": 0, "end_s": 60, "name": "a", "standards": [], "state": "not_known",
             "began_s": None, "ended_s": None}  # fmt: skip
    BundledPhase.model_validate(known)
    with pytest.raises(ValidationError, match=said):
        BundledPhase.model_validate(known | changes)
