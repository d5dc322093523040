"""Sharing a lesson on its page, and what the other person sees then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

import pytest

from contract.clock import SECOND_NS
from tests.dashboard_api.conftest import Pages
from tests.signed_in import BY, COACH, add_person, cookie


def text_of(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.fixture
def bob(client, stores, filled, clock) -> Iterator[Pages]:
    """A coach's browser; nothing is shared with him yet."""
    add_person(stores.people, COACH, "coach")
    with client.browser(cookie(stores.people, clock.utc_ns(), COACH)) as pages:
        yield pages


def share(client, until: str, person: str = COACH):
    return client.post("/lessons/sample/sharing", data={"person": person, "until": until})


def test_a_lesson_is_shared_until_the_end_of_a_day_and_no_longer(
    client, bob, stores, filled, clock
):
    assert bob.get("/api/lessons").json() == []
    assert bob.get("/lessons/sample").status_code == 404
    assert share(client, "2025-11-20").headers["location"] == "/lessons/sample/sharing"
    page = text_of(client.get("/lessons/sample/sharing"))
    assert f"{COACH} the whole lesson, until the end of 20 November 2025" in page
    assert [lesson["id"] for lesson in bob.get("/api/lessons").json()] == ["sample"]
    assert bob.get("/lessons/sample").status_code == 200
    # In Berlin, 20 November ends 60 h and 55 min after 11:05 on the 18th.
    ends = filled.start_ns + (60 * 60 + 55) * 60 * SECOND_NS
    for now, status in ((ends - SECOND_NS, 200), (ends, 404)):
        clock.utc_at_boot_ns = now
        with client.browser(cookie(stores.people, now, COACH)) as pages:
            assert pages.get("/lessons/sample").status_code == status


def test_it_ends_at_once_when_its_teacher_ends_it(client, bob):
    share(client, "2025-11-20")
    assert bob.get("/api/lessons/sample/timeline").status_code == 200
    client.post(f"/lessons/sample/sharing/{COACH}/end")
    for path in ("/lessons/sample", "/api/lessons/sample/timeline", "/api/lessons/sample/moments"):
        assert bob.get(path).status_code == 404
    assert "Nobody else does" in text_of(client.get("/lessons/sample/sharing"))


@pytest.mark.parametrize(
    ("form", "words"),
    (
        ({"person": COACH, "until": "2025-11-17"}, "must be today or later"),
        ({"person": COACH, "until": "2027-01-01"}, "within a year"),
        ({"person": "", "until": "2025-11-20"}, "Choose a person"),
        ({"person": "only-a-technician", "until": "2025-11-20"}, "Choose a person"),
        ({"person": COACH, "until": "soon"}, "until"),
        ({"person": COACH, "until": "9999-12-31"}, "within a year"),
    ),
)
def test_what_can_not_be_is_refused_in_a_sentence(client, bob, stores, clock, form, words):
    add_person(stores.people, "only-a-technician", "technician")
    answer = client.post("/lessons/sample/sharing", data=form)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert stores.sharing.shares("sample", clock.utc_ns()) == []


def test_one_changes_ones_own_words_alone(client, bob, stores):
    share(client, "2025-11-20")
    marked = bob.post("/api/lessons/sample/moments", json={"start_s": 5, "note": "Why?"}).json()
    assert (marked["author"], marked["author_role"]) == (COACH, "coach")
    note = f"/api/lessons/sample/moments/{marked['id']}"
    assert client.request("PUT", note, json={"note": "mine", "revision": 1}).status_code == 403
    assert bob.request("PUT", "/api/lessons/sample/moments/sample-b", json={"note": "x", "revision": 1}).status_code == 403  # fmt: skip
    assert bob.request("DELETE", "/api/lessons/sample/moments/sample-b").status_code == 403
    assert bob.request("PUT", note, json={"note": "Why here?", "revision": 1}).status_code == 200  # fmt: skip
    page = bob.get("/lessons/sample").text
    assert f"{marked['id']}/edit" in page
    assert "sample-b/edit" not in page
    assert "/lessons/sample/sharing" not in page
    # The lesson is the teacher's.
    assert client.request("DELETE", note).status_code == 204


def test_a_live_page_is_its_teachers(client, bob, stores, filled, clock):
    share(client, "2025-11-20")
    clock.utc_at_boot_ns = filled.start_ns + 60 * SECOND_NS
    for path in ("/rooms/room-204/live", "/api/rooms/room-204/live", "/rooms/room-204/live/events"):
        assert bob.get(path).status_code == 404
    assert client.get("/api/rooms/room-204/live").status_code == 200


def test_the_live_page_shows_nothing_of_the_lesson_before(client, stores, filled, clock):
    """A teacher may watch from the start of their lesson on, and not what was there before it."""
    starts = filled.start_ns + 1_500 * SECOND_NS
    stores.lessons.put(replace(filled.lesson, ends_utc_ns=starts, title="Secret"))
    add_person(stores.people, "next", "teacher")
    stores.sharing.tie_name("Mx Next", "next", BY)
    stores.lessons.put(
        replace(filled.lesson, id="next", teacher="Mx Next", title="", starts_utc_ns=starts)
    )
    for passed_s in (0, 60, 299):
        clock.utc_at_boot_ns = starts + passed_s * SECOND_NS
        with client.browser(cookie(stores.people, clock.utc_ns(), "next")) as pages:
            answer = pages.get("/api/rooms/room-204/live")
            live = answer.json()
        assert "Secret" not in answer.text
        before = 300 - passed_s
        for name in ("mean", "l10", "l90"):
            values = live["noise"].get(name)
            if values is not None:
                assert set(values[:before]) <= {None}, name
        assert all(value is None for value in live["movement"]["mean"][: before // 5])
    assert any(value is not None for value in live["noise"]["mean"])
