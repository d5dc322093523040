"""Two coaches and a teacher write about one lesson: each reads who wrote, and changes own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from contract.clock import SECOND_NS
from school.moments.records import Moment
from tests.dashboard_api.conftest import Pages
from tests.signed_in import BY, TEACHER, add_person, cookie

API = "/api/lessons/sample"
ALERT = "sample-alert-1"
COACHES = {"kim": "Kim Roth", "lee": "Lee Adams"}


def text_of(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.fixture
def people(client, filled, stores, clock) -> Iterator[dict[str, Pages]]:
    """The browsers of the teacher and of two coaches who see the whole lesson."""
    now = clock.utc_ns()
    with ExitStack() as stack:
        found = {"teacher": client}
        for name, called in COACHES.items():
            stores.people.add(called, name, ["coach"], BY, person_id=f"id-of-{name}")
            until = now + 86_400 * SECOND_NS
            stores.sharing.share("sample", f"id-of-{name}", BY, until_utc_ns=until)
            browser = client.browser(cookie(stores.people, now, f"id-of-{name}"))
            found[name] = stack.enter_context(browser)
        yield found


def mark(pages: Pages, note: str) -> str:
    answer = pages.post(f"{API}/moments", json={"start_s": 60, "note": note})
    assert answer.status_code == 201
    return str(answer.json()["id"])


def edit(pages: Pages, moment: str, note: str) -> int:
    """Change a note that was just read."""
    revision = moments(pages)[moment]["revision"] if moment in moments(pages) else 1
    body = {"note": note, "revision": revision}
    return pages.request("PUT", f"{API}/moments/{moment}", json=body).status_code


def remove(pages: Pages, moment: str) -> int:
    return pages.request("DELETE", f"{API}/moments/{moment}").status_code


def say(pages: Pages, moment: str, verdict: str):
    return pages.request("PUT", f"{API}/moments/{moment}/verdict", json={"verdict": verdict})


def moments(pages: Pages) -> dict[str, dict]:
    answer = pages.get(f"{API}/moments")
    return {one["id"]: one for one in answer.json()} if answer.status_code == 200 else {}


def test_each_reads_who_marked_a_moment(people) -> None:
    by_kim, by_lee = mark(people["kim"], "Why?"), mark(people["lee"], "When?")
    for reader, pages in people.items():
        found = moments(pages)
        for moment, author in ((by_kim, "kim"), (by_lee, "lee")):
            one = found[moment]
            assert (one["author"], one["author_role"]) == (COACHES[author], "coach")
            assert one["is_yours"] is (reader == author)
    page = text_of(people["kim"].get("/lessons/sample"))
    assert "Observation by you" in page
    assert page.count("Edit the note at") == 1
    assert "by Lee Adams" in page
    assert "by Kim Roth" not in page
    assert "by Kim Roth" in text_of(people["teacher"].get("/lessons/sample"))


def test_no_coach_changes_or_deletes_anothers_words(people) -> None:
    by_kim = mark(people["kim"], "Why?")
    for other in ("lee", "teacher"):
        assert edit(people[other], by_kim, "mine") == 403
        page = f"/lessons/sample/moments/{by_kim}/edit"
        assert people[other].post(page, data={"note": "mine", "revision": 1}).status_code == 403
        assert people[other].get(page).status_code == 404
        assert page not in people[other].get("/lessons/sample").text
    assert remove(people["lee"], by_kim) == 403
    delete = f"/lessons/sample/moments/{by_kim}/delete"
    assert people["lee"].post(delete).status_code == 403
    assert delete not in people["lee"].get("/lessons/sample").text
    assert delete in people["teacher"].get("/lessons/sample").text
    assert moments(people["lee"])[by_kim]["note"] == "Why?"
    assert edit(people["kim"], by_kim, "Why here?") == 200
    assert remove(people["teacher"], by_kim) == 204  # the lesson is the teacher's


def test_each_answers_for_themselves(people) -> None:
    for name, verdict in (("kim", "confirmed"), ("lee", "dismissed"), ("teacher", "confirmed")):
        assert say(people[name], ALERT, verdict).json()["your_answer"] == verdict
    answers = [
        (one["name"], one["role"], one["says"]) for one in moments(people["kim"])[ALERT]["answers"]
    ]
    assert answers == [
        (TEACHER, "teacher", "confirmed"),
        ("Kim Roth", "coach", "confirmed"),
        ("Lee Adams", "coach", "dismissed"),
    ]
    page = text_of(people["lee"].get("/lessons/sample"))
    assert "Kim Roth answered: yes. You answered: not really." in page
    address = f"{API}/moments/{ALERT}/verdict"
    assert people["lee"].request("DELETE", address).status_code == 204
    left = moments(people["lee"])[ALERT]
    assert [one["name"] for one in left["answers"]] == [TEACHER, "Kim Roth"]
    assert left["your_answer"] is None


def test_what_waits_for_one_coach_does_not_wait_for_the_other(people) -> None:
    suggested = [one for one in moments(people["kim"]).values() if one["kind"] == "suggested"]
    for one in suggested:
        say(people["kim"], one["id"], "confirmed")
    words = f"{len(suggested)} suggested moments wait for your answer"
    assert words not in text_of(people["kim"].get("/"))
    assert words in text_of(people["lee"].get("/"))


def test_no_answer_names_a_person_by_id(people) -> None:
    mark(people["kim"], "Why?")
    say(people["kim"], ALERT, "confirmed")
    for name in ("lee", "teacher"):
        for path in (f"{API}/moments", "/lessons/sample"):
            answer = people[name].get(path).text
            assert "Kim Roth" in answer
            # Who reads it may know themselves by their own id.
            answer = answer.replace(f'data-person="id-of-{name}"', "")
            assert "id-of-" not in answer


def test_who_left_and_who_is_not_known_are_called_so(people, stores) -> None:
    by_kim = mark(people["kim"], "Why?")
    say(people["kim"], ALERT, "confirmed")
    older = Moment(
        id="older", lesson="sample", start_s=1, end_s=2, note="", author="", role="coach"
    )
    stores.lessons.put_moment(older)
    stores.lessons.put_moment(replace(older, id="teachers", role="teacher"))
    stores.lessons.put_moment(replace(older, id="gone", author="nobody has this id"))
    with stores.people._database.writing() as connection:
        connection.execute(text("UPDATE people SET name = '' WHERE id = 'id-of-kim'"))
    found = moments(people["lee"])
    names = {name: found[name]["author"] for name in (by_kim, "older", "teachers", "gone")}
    assert names == {
        by_kim: "a person who left", "older": "a coach", "teachers": "the teacher",
        "gone": "a person who left",
    }  # fmt: skip
    assert "A person who left answered: yes." in text_of(people["lee"].get("/lessons/sample"))
    for moment in ("older", "teachers"):
        for pages in people.values():
            assert edit(pages, moment, "mine") == 403
        assert remove(people["lee"], moment) == 403
        assert remove(people["teacher"], moment) == 204


def test_words_stay_their_authors_when_the_lesson_changes_hands(people, stores, clock) -> None:
    by_teacher, by_kim = mark(people["teacher"], "So it was."), mark(people["kim"], "Why?")
    say(people["teacher"], ALERT, "confirmed")
    add_person(stores.people, "heir", "teacher")
    stores.sharing.handovers.offer("sample", "heir", BY)
    with people["teacher"].browser(cookie(stores.people, clock.utc_ns(), "heir")) as heir:
        assert heir.post("/offers/sample/accept").status_code == 303
        found = moments(heir)
        assert (found[by_teacher]["author"], found[by_kim]["author"]) == (TEACHER, "Kim Roth")
        assert [one["name"] for one in found[ALERT]["answers"]] == [TEACHER]
        assert edit(heir, by_teacher, "mine") == 403
        assert say(heir, ALERT, "dismissed").json()["your_answer"] == "dismissed"
        assert remove(heir, by_teacher) == 204
    assert edit(people["teacher"], by_teacher, "still mine") == 404
    assert edit(people["kim"], by_kim, "still mine") == 404


def test_a_cover_teacher_finds_the_words_of_the_one_before(people, stores, filled, clock) -> None:
    by_teacher = mark(people["teacher"], "To come.")
    stores.sharing.unshare("sample", "id-of-kim", BY)
    stores.sharing.unshare("sample", "id-of-lee", BY)
    add_person(stores.people, "cover", "teacher")
    clock.utc_at_boot_ns = filled.start_ns
    with people["teacher"].browser(cookie(stores.people, clock.utc_ns(), "cover")) as cover:
        assert cover.post("/lessons/sample/take-over").status_code == 303
        assert moments(cover)[by_teacher]["author"] == TEACHER
        assert edit(cover, by_teacher, "mine") == 403


def test_a_page_asks_once_for_all_names_and_a_list_not_at_all(people, stores, monkeypatch) -> None:
    for n in range(3):
        mark(people["kim"], f"kim {n}")
        mark(people["lee"], f"lee {n}")
    asked: list[set[str]] = []
    names = stores.people.names

    def counted(ids):
        asked.append(set(ids))
        return names(ids)

    monkeypatch.setattr(stores.people, "names", counted)
    people["teacher"].get("/lessons/sample")
    assert asked == [{TEACHER, "the-coach", "id-of-kim", "id-of-lee"}]
    people["teacher"].get("/")
    assert len(asked) == 1
    people["kim"].get("/")
    # Whose lesson is new to them.
    assert asked[1:] == [{TEACHER}]


ACTS = st.lists(
    st.tuples(
        st.sampled_from(("teacher", *COACHES)),
        st.sampled_from(("mark", "edit", "remove", "answer", "take back")),
        st.integers(0, 5),
    ),
    max_size=12,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=ACTS)
def test_whatever_people_do_the_words_stay_their_authors(people, stores, acts) -> None:
    for one in stores.lessons.moments("sample"):
        stores.lessons.remove_moment(one.id)
    known: dict[str, tuple[str, str]] = {}
    said: dict[str, set[str]] = {}
    for n, (who, what, which) in enumerate(acts):
        pages = people[who]
        if what == "mark" or not known:
            known[mark(pages, f"note {n}")] = who, f"note {n}"
            continue
        moment = list(known)[which % len(known)]
        author = known[moment][0]
        if what == "edit":
            assert edit(pages, moment, f"note {n}") == (200 if who == author else 403)
            if who == author:
                known[moment] = who, f"note {n}"
        elif what == "remove":
            may = who in {author, "teacher"}
            assert remove(pages, moment) == (204 if may else 403)
            if may:
                del known[moment]
                said.pop(moment, None)
        elif what == "answer":
            assert say(pages, moment, "confirmed").status_code == 200
            said.setdefault(moment, set()).add(who)
        else:
            address = f"{API}/moments/{moment}/verdict"
            assert pages.request("DELETE", address).status_code == 204
            said.get(moment, set()).discard(who)
    names = {"teacher": TEACHER, **COACHES}
    for reader, pages in people.items():
        found = {name: one for name, one in moments(pages).items() if one["kind"] == "own"}
        assert {
            name: (one["author"], one["note"], one["is_yours"]) for name, one in found.items()
        } == {
            name: (names[author], note, author == reader) for name, (author, note) in known.items()
        }
        for name, one in found.items():
            assert {each["name"] for each in one["answers"]} == {
                names[who] for who in said.get(name, ())
            }


def test_the_sharing_page_says_who_sees_what_is_written(people) -> None:
    assert (
        "Everyone with whom you share the lesson sees its moments and answers, and who wrote them."
    ) in text_of(people["teacher"].get("/lessons/sample/sharing"))
