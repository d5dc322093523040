"""What members of a cohort show and answer each other, and who leads it next."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.lesson import Activity
from school.audit.actor import Actor
from school.clips.records import Clip
from tests.dashboard_api.cohorts.conftest import ADA, ANOTHER, WORDS, Group
from tests.dashboard_api.conftest import Pages
from tests.signed_in import COACH, TEACHER, add_person, cookie

CLIP = "c" * 32
TITLE = "Who begins to talk"
SAW, WONDER = "Two of them looked at each other first.", "What if you had counted to ten?"


@pytest.fixture
def clip(group: Group, clock: Any) -> str:
    """The teacher's clip, which nobody else sees; Ada has joined."""
    group.post(group.ada, "/join")
    add_clip(group.stores, clock.utc_ns())
    return CLIP


def add_clip(stores: Any, now_ns: int, person: str = TEACHER, lesson: str = "sample") -> None:
    made = Clip(
        id=CLIP, lesson=lesson, person=person, title=TITLE, video="v", start_s=10.0, end_s=20.0,
        shows="both", file="f" * 32, consent="c" * 32, created_utc_ns=now_ns,
        until_utc_ns=now_ns + 10 * 86_400 * SECOND_NS,
    )  # fmt: skip
    stores.clips.add(made, [], Actor(name=person, utc_ns=now_ns, person=person))
    stores.clips.settle(made, state="ready", size=5)


def named(group: Group, pages: Pages | None = None) -> list[str]:
    """Whom the page names as those who would see a clip."""
    page = (pages or group.teacher).get(f"/cohorts/{group.id}/clips").text
    return re.findall(r'name="meant" value="([^"]*)"', page)


def show(group: Group, pages: Pages | None = None, **other: Any) -> Any:
    given = {"clip": CLIP, "consent": "yes", "meant": named(group, pages)} | other
    return group.post(pages or group.teacher, "/clips", **given)


def sees(group: Group, pages: Pages) -> bool:
    """Whether a clip is shown to somebody: its page, and the cohort's."""
    page = pages.get(f"/clips/{CLIP}").status_code
    here = pages.get(f"/cohorts/{group.id}/clips")
    assert (page == 200) == (here.status_code == 200 and TITLE in here.text)
    return page == 200


def reply(group: Group, pages: Pages, words: str = SAW, kind: str = "observation") -> Any:
    return group.post(pages, f"/clips/{CLIP}/replies", words=words, kind=kind)


def test_a_clip_is_shown_to_those_who_are_in_it_and_who_leads(group, clip, stores, clock) -> None:
    assert not sees(group, group.ada)
    assert f"Who sees it: {ADA}" in group.teacher.get(f"/cohorts/{group.id}/clips").text
    assert show(group).status_code == 303
    assert sees(group, group.ada)
    assert sees(group, group.lead)
    assert not sees(group, group.other)
    clock.now_ns += SECOND_NS
    add_person(stores.people, "late", "teacher")
    group.post(group.lead, "/invite", person="late")
    with group.lead.browser(cookie(stores.people, clock.utc_ns(), "late")) as late:
        assert not sees(group, late)
        group.post(late, "/join")
        assert not sees(group, late)
        show(group)
        assert sees(group, late)
        assert "late" in group.teacher.get(f"/cohorts/{group.id}/clips").text


def test_the_list_of_ones_own_clips_names_the_cohort_that_sees_one(group, clip) -> None:
    before = group.teacher.get("/clips").text
    assert "shown to 0 people" in before
    assert "The cohort" not in before
    show(group)
    listed = group.teacher.get("/clips").text
    assert "shown to 0 people" not in listed
    assert "The cohort" in listed


def test_a_confirmation_is_about_those_whom_the_page_named(group, clip, stores, clock) -> None:
    before = named(group)
    assert before == [ADA, COACH]
    add_person(stores.people, "late", "teacher")
    group.post(group.lead, "/invite", person="late")
    with group.lead.browser(cookie(stores.people, clock.utc_ns(), "late")) as late:
        group.post(late, "/join")
        refused = show(group, meant=before)
        assert refused.status_code == 422
        assert "Who sees it has changed meanwhile" in refused.text
        assert not sees(group, late)
        assert show(group).status_code == 303
        assert sees(group, late)


def test_who_has_left_meanwhile_shows_nothing_there(group, clip, stores, clock) -> None:
    by = Actor(name=TEACHER, utc_ns=clock.utc_ns(), person=TEACHER)
    group.post(group.teacher, "/leave")
    with pytest.raises(UsageError, match="You are not in this cohort any more"):
        stores.clips.in_cohorts.show(stores.clips.get(CLIP), group.id, by, consent="c" * 32)
    assert not sees(group, group.ada)


def test_who_sees_it_there_sees_nothing_else_of_the_lesson(group, clip) -> None:
    show(group)
    page = group.ada.get(f"/cohorts/{group.id}/clips").text
    assert "sample" not in page
    assert group.ada.get("/lessons/sample").status_code == 404


@pytest.mark.parametrize(
    "how", ("stop", "leave", "taken_out", "hidden", "over", "deleted", "left_out", "end")
)
def test_it_ends_with_all_that_was_said_to_it(group, clip, stores, clock, how: str) -> None:
    show(group)
    assert reply(group, group.ada).status_code == 303
    by = Actor(name="t", utc_ns=clock.utc_ns(), person=TEACHER)
    if how == "stop":
        group.post(group.teacher, f"/clips/{CLIP}/end")
    elif how == "leave":
        group.post(group.teacher, "/leave")
    elif how == "taken_out":
        group.post(group.lead, f"/members/{TEACHER}/end")
    elif how == "hidden":
        stores.sharing.teacher.hide("sample", by)
    elif how == "over":
        clock.now_ns += 10 * 86_400 * SECOND_NS
    elif how == "deleted":
        stores.clips.remove(stores.clips.get(CLIP), by, "by_hand")
    elif how == "left_out":
        stores.clips.withdraw(stores.clips.get(CLIP), "a reason", by, "left_out")
        assert SAW not in group.teacher.get(f"/cohorts/{group.id}/clips").text
    else:
        group.post(group.lead, "/end")
    with group.ada.browser(cookie(stores.people, clock.utc_ns(), ADA)) as later:
        assert later.get(f"/clips/{CLIP}").status_code == 404
        assert SAW not in later.get(f"/cohorts/{group.id}/clips").text
        assert reply(group, later, WONDER).status_code == 404
    kept = stores.cohorts.replies.of_cohort(group.id)
    assert len(kept) == (1 if how in {"hidden", "over"} else 0)


def test_who_leaves_sees_it_no_more_and_takes_their_words_along(group, clip) -> None:
    show(group)
    reply(group, group.ada)
    assert SAW in group.teacher.get(f"/cohorts/{group.id}/clips").text
    group.post(group.ada, "/leave")
    assert not sees(group, group.ada)
    assert SAW not in group.teacher.get(f"/cohorts/{group.id}/clips").text


def test_answers_are_what_one_saw_or_wonders_and_their_writer_deletes_them(
    group, clip, clock
) -> None:
    show(group)
    reply(group, group.ada)
    clock.now_ns += SECOND_NS
    reply(group, group.lead, WONDER, "question")
    page = group.teacher.get(f"/cohorts/{group.id}/clips").text
    said = [" ".join(each.split()) for each in re.findall(r'<span class="soft">(.*?)</span>', page)]
    assert said == ["I saw", "I wonder"]
    mine, theirs = group.stores.cohorts.replies.of_cohort(group.id)
    assert (mine.person, theirs.person) == (ADA, COACH)
    group.post(group.ada, f"/replies/{theirs.id}/remove")
    assert len(group.stores.cohorts.replies.of_cohort(group.id)) == 2
    group.post(group.ada, f"/replies/{mine.id}/remove")
    assert [each.id for each in group.stores.cohorts.replies.of_cohort(group.id)] == [theirs.id]
    assert reply(group, group.ada, "  ").status_code == 422
    assert reply(group, group.other).status_code == 404


def test_a_clip_is_shown_by_its_teacher_alone_who_confirms_it(group, clip, stores, clock) -> None:
    for pages, given in (
        (group.teacher, {"consent": ""}),
        (group.teacher, {"clip": "0" * 32}),
        (group.ada, {}),
    ):
        assert show(group, pages, **given).status_code == 422
    assert show(group, group.lead).status_code == 404  # who leads shows none
    assert stores.clips.in_cohorts.clips_in(group.id) == []
    show(group)
    assert group.post(group.ada, f"/clips/{CLIP}/end").status_code == 404
    assert sees(group, group.ada)


def test_handed_answers_are_answered_by_who_reads_them(group) -> None:
    group.post(group.ada, "/join")
    task = group.task()
    path = f"/tasks/{task}/answers/{TEACHER}/replies"
    group.answer(group.teacher, task)
    assert group.post(group.ada, path, words=SAW).status_code == 404
    assert group.post(group.teacher, path, words=SAW).status_code == 404
    group.answer(group.teacher, task, hand="yes")
    assert group.post(group.ada, path, words=SAW).status_code == 303
    assert group.post(group.teacher, path, words=WONDER, kind="question").status_code == 303
    for pages in (group.teacher, group.ada, group.lead):
        assert SAW in group.page(pages)
        assert WONDER in group.page(pages)
    assert group.post(group.other, path, words=SAW).status_code == 404
    group.post(group.teacher, f"/tasks/{task}/remove")
    assert group.stores.cohorts.replies.of_cohort(group.id) == []


def test_what_spans_have_in_common_is_counted_in_groups_of_six(group, stores, clock) -> None:
    group.post(group.ada, "/join")
    task = group.task()
    path = f"/cohorts/{group.id}/pattern"
    nothing = "It is shown once 6 members have handed a span of 6 different lessons."

    def hand(number: int) -> None:
        person = f"m{number}"
        add_person(stores.people, person, "teacher")
        by = Actor(name=person, utc_ns=clock.utc_ns() + number, person=person)
        stores.sharing.tie_name(person, person, by)
        kept = stores.lesson("of-ada")
        begins = Activity(start_s=0, end_s=300, name="small_group")
        stores.lessons.put(replace(kept, id=f"l{number}", teacher=person, activities=(begins,)))
        stores.cohorts.invite(group.id, person, by)
        stores.cohorts.join(group.id, by)
        with group.lead.browser(cookie(stores.people, clock.utc_ns(), person)) as pages:
            answer = group.answer(pages, task, lesson=f"l{number}", hand="yes")
            assert answer.status_code == 303

    readers = (group.lead, group.teacher, group.ada)
    group.answer(group.teacher, task, hand="yes")
    for number in range(5):
        assert all(nothing in pages.get(path).text for pages in readers)
        hand(number)
    shown = [words(pages.get(path).text) for pages in readers]
    for page in shown:
        assert "Over 6 spans." in page
        assert "small groups 5 of 6 spans" in page
        assert "in its first third 6 of 6 spans" in page
        assert not re.search(r"\bm[0-9]\b|\bl[0-9]\b", page)
    for number in range(5, 10):
        hand(number)
        assert [words(pages.get(path).text) for pages in readers] == shown
    group.answer(group.teacher, task, words="other words")
    assert [words(pages.get(path).text) for pages in readers] == shown
    group.answer(group.ada, task, lesson="of-ada", hand="yes")
    assert all("Over 12 spans." in pages.get(path).text for pages in readers)
    group.post(
        group.teacher, f"/tasks/{task}/remove"
    )  # all that were counted with it count no more
    group.answer(group.teacher, task, hand="yes")
    for pages in readers:
        page = words(pages.get(path).text)
        assert "Over 6 spans." in page
        assert "small groups 5 of 6 spans" in page
    assert group.other.get(path).status_code == 404
    group.post(group.lead, f"/tasks/{task}/end")
    assert all(nothing in pages.get(path).text for pages in readers)


def words(page: str) -> str:
    """What a page says."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_another_coach_leads_it_and_reads_what_is_handed_from_then_on(group, clock) -> None:
    group.post(group.ada, "/join")
    task = group.task()
    group.answer(group.teacher, task, hand="yes")
    assert group.post(group.ada, "/lead/offer", person=ANOTHER).status_code == 404
    assert group.post(group.lead, "/lead/offer", person=ADA).status_code == 422
    assert group.post(group.other, "/lead/accept").status_code == 404
    assert group.post(group.lead, "/lead/offer", person=ANOTHER).status_code == 303
    assert "You are asked to lead the cohort Wait time." in group.other.get("/").text
    asked = group.page(group.other)
    assert "You are asked to lead it" in asked
    assert "How long do you wait?" not in asked
    clock.now_ns += SECOND_NS
    assert group.post(group.other, "/lead/accept").status_code == 303
    assert group.stores.cohorts.get(group.id).coach == ANOTHER
    assert group.lead.get(f"/cohorts/{group.id}").status_code == 404
    assert "How long do you wait?" in group.page(group.other)
    assert WORDS not in group.page(group.other)
    assert WORDS in group.page(group.ada)
    group.answer(group.ada, task, lesson="of-ada", words="I counted two.", hand="yes")
    assert "I counted two." in group.page(group.other)


def test_who_led_it_before_deletes_what_they_said(group, clip, clock) -> None:
    show(group)
    reply(group, group.lead, WONDER, "question")
    reply(group, group.ada)
    mine, theirs = sorted(
        group.stores.cohorts.replies.of_cohort(group.id), key=lambda one: one.person != COACH
    )
    assert WONDER not in group.lead.get("/cohorts").text
    group.post(group.lead, "/lead/offer", person=ANOTHER)
    clock.now_ns += SECOND_NS
    group.post(group.other, "/lead/accept")
    assert WONDER in group.lead.get("/cohorts").text
    assert SAW not in group.lead.get("/cohorts").text
    for pages, which in ((group.lead, theirs), (group.other, mine), (group.ada, mine)):
        group.post(pages, f"/replies/{which.id}/remove")
    assert len(group.stores.cohorts.replies.of_cohort(group.id)) == 2
    answer = group.post(group.lead, f"/replies/{mine.id}/remove")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cohorts")
    assert group.stores.cohorts.replies.of_cohort(group.id) == [theirs]
    assert WONDER not in group.lead.get("/cohorts").text
    assert group.post(group.lead, f"/replies/{mine.id}/remove").status_code == 404


def test_an_offer_to_lead_is_taken_back_by_who_could_make_it(group) -> None:
    group.post(group.ada, "/join")
    group.post(group.lead, "/lead/offer", person=ANOTHER)
    assert "Ask nobody any more" in group.page(group.lead)
    for pages in (group.ada, group.other):
        assert group.post(pages, "/lead/unoffer").status_code == 404
    assert group.stores.cohorts.get(group.id).offered_to == ANOTHER
    assert group.post(group.lead, "/lead/unoffer").status_code == 303
    assert group.stores.cohorts.get(group.id).offered_to is None
    assert "Ask nobody any more" not in group.page(group.lead)
    assert group.post(group.other, "/lead/accept").status_code == 404
    assert group.stores.cohorts.get(group.id).coach == COACH


def test_members_ask_a_coach_once_nobody_leads(group, stores) -> None:
    stores.people.leaving.leave(COACH, Actor(name="a test", utc_ns=1), utc_ns=100)
    assert "nobody leads it now" in group.page(group.teacher)
    assert group.post(group.ada, "/lead/offer", person=ANOTHER).status_code == 404  # invited
    assert group.post(group.teacher, "/lead/offer", person=ANOTHER).status_code == 303
    assert group.post(group.other, "/lead/decline").status_code == 303
    assert group.other.get(f"/cohorts/{group.id}").status_code == 404
    group.post(group.teacher, "/lead/offer", person=ANOTHER)
    group.post(group.other, "/lead/accept")
    assert group.stores.cohorts.get(group.id).coach == ANOTHER


def test_who_is_no_coach_any_more_leads_it_no_more(group, clip, stores, clock) -> None:
    show(group)
    assert sees(group, group.lead)
    stores.people.set_roles(COACH, ["teacher"], Actor(name="a test", utc_ns=1))
    with group.teacher.browser(cookie(stores.people, clock.utc_ns(), COACH)) as former:
        assert former.get(f"/cohorts/{group.id}").status_code == 404
        assert former.get(f"/clips/{CLIP}").status_code == 404
    assert "nobody leads it now" in group.page(group.teacher)
    assert named(group) == [ADA]
    assert group.post(group.teacher, "/lead/offer", person=ANOTHER).status_code == 303
