"""Tokens for programs: made and shown once, narrow, counted, revoked, and gone with their role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from contract.clock import SECOND_NS
from dashboard_api.web.secret import Secret
from school.people.program_tokens import MAX_TOKENS, PREFIX
from tests.dashboard_api.conftest import Pages
from tests.signed_in import BY, TEACHER

FORM = {"name": "timetable robot", "role": "teacher", "until": "2025-12-24"}
DAY_NS = 86_400 * SECOND_NS


def make(client: Pages, **changes: str) -> str:
    answer = client.post("/account/tokens", data=FORM | changes)
    assert answer.status_code == 200, answer.text
    (text,) = re.findall(rf"{PREFIX}[\w-]{{43}}", answer.text)
    return str(text)


@contextmanager
def program(client: Pages, text: str) -> Iterator[Pages]:
    with client.browser() as pages:
        del pages._client.headers["Sec-Fetch-Site"]
        pages._client.headers["Authorization"] = f"Bearer {text}"
        yield pages


def recorded(stores) -> list[str]:
    return [entry.sentence for entry in stores.audit.latest(100)]


def test_it_is_shown_once_and_stored_as_a_hash(client, stores, filled, tmp_path):
    text = make(client)
    assert text not in client.get("/account").text
    page = client.get("/account").text
    assert "timetable robot" in page
    assert "never used" in page
    with program(client, text) as pages:
        assert pages.get("/api/lessons").json()
    assert "last used" in client.get("/account").text
    for file in tmp_path.rglob("school.db*"):
        assert text.removeprefix(PREFIX).encode() not in file.read_bytes()


def test_it_writes_without_an_origin_and_as_its_owner(client, stores, filled):
    with program(client, make(client)) as pages:
        answer = pages.post("/api/lessons/sample/moments", json={"start_s": 5})
        assert answer.status_code == 201
        foreign = {"Origin": "https://evil.example"}
        refused = pages.post("/api/lessons/sample/moments", json={"start_s": 5}, headers=foreign)
        assert refused.status_code == 403


def test_a_token_of_one_lesson_opens_no_other(client, stores, filled):
    other = replace(stores.lessons.get("sample"), id="other", room="room-9")
    stores.lessons.put(other)
    text = make(client, lesson="sample")
    with program(client, make(client)) as wide, program(client, text) as narrow:
        assert len(wide.get("/api/lessons").json()) == 2
        assert [each["id"] for each in narrow.get("/api/lessons").json()] == ["sample"]
        for path in ("moments", "timeline", "answers"):
            assert narrow.get(f"/api/lessons/sample/{path}").status_code == 200
            hidden = narrow.get(f"/api/lessons/other/{path}")
            missing = narrow.get(f"/api/lessons/never/{path}")
            assert hidden.status_code == missing.status_code == 404
            assert hidden.text == missing.text
        assert wide.get("/api/rooms/room-9/live").status_code == 200
        assert narrow.get("/api/rooms/room-9/live").status_code == 404
        assert narrow.get("/api/model?lesson=other").status_code == 404


def test_a_token_of_one_lesson_watches_the_room_while_it_is_on(client, stores, filled, clock):
    text = make(client, lesson="sample")
    with program(client, text) as narrow:
        assert narrow.get("/api/rooms/room-204/live").status_code == 404
        now = clock.utc_ns()
        lesson = stores.lessons.get("sample")
        stores.lessons.put(replace(lesson, ends_utc_ns=now + 60 * SECOND_NS))
        assert narrow.get("/api/rooms/room-204/live").status_code == 200


def test_a_token_of_a_hidden_lesson_opens_what_its_owner_opens(client, stores, filled):
    """The owner sees it at its address, and in no list."""
    with program(client, make(client, lesson="sample")) as narrow:
        stores.sharing.teacher.hide("sample", BY)
        assert narrow.get("/api/lessons").json() == []
        for path in ("moments", "timeline", "answers"):
            assert narrow.get(f"/api/lessons/sample/{path}").status_code == 200
        stores.sharing.teacher.unhide("sample", BY)
        assert [each["id"] for each in narrow.get("/api/lessons").json()] == ["sample"]


def test_a_coachs_token_of_a_hidden_lesson_opens_nothing_until_it_is_shown_again(
    client, coach, stores, filled
):
    text = make(coach, lesson="sample", role="coach")
    with program(client, text) as narrow, program(client, make(coach, role="coach")) as wide:
        stores.sharing.teacher.hide("sample", BY)
        for pages in (narrow, wide):
            assert pages.get("/api/lessons").json() == []
            for path in ("moments", "timeline", "answers"):
                hidden = pages.get(f"/api/lessons/sample/{path}")
                missing = pages.get(f"/api/lessons/never/{path}")
                assert (hidden.status_code, hidden.text) == (404, missing.text)
        stores.sharing.teacher.unhide("sample", BY)
        assert narrow.get("/api/lessons/sample/timeline").status_code == 200


@pytest.mark.parametrize(
    ("changes", "sentence"),
    (
        ({"name": " "}, "Give the token a name"),
        ({"until": "2026-11-19"}, "within a year"),
        ({"until": "2025-11-17"}, "today or later"),
        ({"lesson": "never"}, "you see no lesson"),
        ({"lesson": "sample", "role": "coach"}, "you see no lesson"),
    ),
)
def test_what_does_not_fit_is_refused(client, stores, filled, changes, sentence):
    answer = client.post("/account/tokens", data=FORM | changes)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert stores.people.tokens.of_person(TEACHER) == []


def test_one_makes_no_token_of_a_role_that_one_has_not(client, coach, stores):
    answer = coach.post("/account/tokens", data=FORM)
    assert answer.status_code == 422
    assert "one of your own roles" in answer.text
    assert coach.post("/account/tokens", data=FORM | {"role": "king"}).status_code == 422


def test_one_has_so_many_and_no_more(client, stores):
    for number in range(MAX_TOKENS):
        make(client, name=f"n{number}")
    answer = client.post("/account/tokens", data=FORM)
    assert f"You have {MAX_TOKENS} tokens" in answer.text


def works(client: Pages, text: str) -> bool:
    with program(client, text) as pages:
        answer = pages.get("/api/lessons")
    assert answer.status_code in {200, 401}
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "This token opens nothing here" in answer.json()["detail"]
    return answer.status_code == 200


def test_it_ends_when_it_is_revoked_by_its_owner_alone(client, coach, stores):
    text = make(client)
    (token,) = stores.people.tokens.of_person(TEACHER)
    coach.post(f"/account/tokens/{token.id}/revoke")
    assert works(client, text)
    assert client.post(f"/account/tokens/{token.id}/revoke").status_code == 303
    assert not works(client, text)


def test_it_ends_at_its_day(client, stores, clock):
    text = make(client, until="2025-11-18")
    clock.utc_at_boot_ns += DAY_NS
    assert not works(client, text)


def test_it_ends_with_its_role_and_does_not_come_back(client, stores):
    gone, left = make(client), make(client, role="coach")
    stores.people.set_roles(TEACHER, ["coach"], BY)
    assert not works(client, gone)
    assert works(client, left)
    stores.people.set_roles(TEACHER, ["coach", "teacher"], BY)
    assert not works(client, gone)


def test_an_open_stream_ends_with_its_token(client, stores, clock):
    text = make(client)
    secret, now = Secret(text, is_token=True), clock.utc_ns()
    assert secret.holder(stores, now) is not None
    (token,) = stores.people.tokens.of_person(TEACHER)
    stores.people.tokens.revoke(TEACHER, token.id, BY)
    assert secret.holder(stores, now) is None
    assert text not in repr(secret)


def test_it_does_no_more_than_its_role(client, stores, filled):
    """Its owner has every role, and the token is a coach's: nothing is shared with them."""
    with program(client, make(client, role="coach")) as pages:
        assert pages.get("/api/lessons").json() == []
        assert pages.get("/api/lessons/sample/timeline").status_code == 404


def test_making_revoking_and_refusals_are_recorded(client, stores, filled):
    text = make(client, lesson="sample")
    (token,) = stores.people.tokens.of_person(TEACHER)
    with program(client, text) as pages:
        pages.get("/people")
        pages.get("/api/lessons/other/timeline")
    client.post(f"/account/tokens/{token.id}/revoke")
    for _ in range(3):
        assert not works(client, text)
        assert not works(client, "roomtone_guess")
    found = recorded(stores)
    made = f"made the token {token.id} for the role teacher for 36 days"
    assert sum(made in each for each in found) == 1
    assert sum(f"revoked the token {token.id}" in each for each in found) == 1
    assert sum(f"The pages refused the token {token.id}" in each for each in found) == 1
    assert sum("The pages refused a token that opens nothing" in each for each in found) == 1
    assert text not in " ".join(found)


def test_it_goes_with_its_lesson(client, stores, filled):
    text = make(client, lesson="sample")
    stores.lessons.purge(lessons=["sample"])
    assert not works(client, text)
