"""A cohort from the invitation to what its members hand to one another."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.people.records import ROLES, Role
from tests.dashboard_api.cohorts.conftest import ADA, ANOTHER, WORDS
from tests.dashboard_api.conftest import Pages
from tests.signed_in import COACH, TEACHER, add_person, cookie


def test_nobody_is_in_a_cohort_who_has_not_accepted(group) -> None:
    assert "It is forming: 1 of 10 have joined." in group.page(group.lead)
    assert "invites you to Wait time: Think first" in group.ada.get("/cohorts").text
    invited = group.page(group.ada)
    assert "You are invited" in invited
    task = group.task()
    assert "How long do you wait?" not in group.page(group.ada)
    assert group.answer(group.ada, task, lesson="of-ada").status_code == 404
    assert group.post(group.ada, "/join").status_code == 303
    assert "How long do you wait?" in group.page(group.ada)
    assert ADA in group.page(group.teacher)


def test_who_is_invited_alone_is_named_to_the_lead_and_not_to_members(group) -> None:
    assert ADA in group.page(group.lead)
    assert ADA not in group.page(group.teacher)


def test_an_answer_is_its_writer_s_alone_until_they_hand_it_over(group) -> None:
    task = group.task()
    group.post(group.ada, "/join")
    assert group.answer(group.teacher, task).status_code == 303
    assert WORDS in group.page(group.teacher)
    for pages in (group.ada, group.lead):
        page = group.page(pages)
        assert WORDS not in page
        assert "0 of 2 handed theirs" in page
    assert group.answer(group.teacher, task, hand="yes").status_code == 303
    for pages in (group.ada, group.lead):
        page = group.page(pages)
        assert WORDS in page
        assert "1 of 2 handed theirs" in page
        assert "sample" not in page  # nothing of the lesson


def test_what_was_handed_can_be_changed_and_deleted_for_good(group) -> None:
    task = group.task()
    group.post(group.ada, "/join")
    group.answer(group.teacher, task, hand="yes")
    group.answer(group.teacher, task, words="I counted again: three seconds.")
    assert "three seconds" in group.page(group.ada)
    group.post(group.teacher, f"/tasks/{task}/remove")
    assert "three seconds" not in group.page(group.ada)


def test_who_leads_changes_a_task_until_it_is_answered(group) -> None:
    task = group.task()
    changed = {"question": "How long do you wait after a name?", "due": "2025-12-01"}
    assert group.post(group.teacher, f"/tasks/{task}/change", **changed).status_code == 404
    group.answer(group.teacher, task)  # for themselves: who leads must not notice
    assert group.post(group.lead, f"/tasks/{task}/change", **changed).status_code == 303
    assert "How long do you wait after a name?" in group.page(group.teacher)
    group.answer(group.teacher, task, hand="yes")
    refused = group.post(group.lead, f"/tasks/{task}/change", question="Why?", due="2025-12-01")
    assert refused.status_code == 422
    assert "A question stays as it is once it can have been answered" in refused.text
    again = changed | {"due": "2025-12-02"}
    assert group.post(group.lead, f"/tasks/{task}/change", **again).status_code == 303
    assert "December 2" in group.page(group.teacher)


def test_another_coach_reads_of_no_answer_by_what_they_may_change(group, clock) -> None:
    """Whether somebody answered before they led it or not, it is refused in the same words."""
    answered, open_ = group.task(), None
    group.answer(group.teacher, answered, hand="yes")
    group.post(group.lead, "/tasks", question="Who spoke?", due="2025-11-30")
    (open_,) = [each.id for each in group.stores.cohorts.tasks(group.id) if each.id != answered]
    group.post(group.lead, "/lead/offer", person=ANOTHER)
    clock.now_ns += SECOND_NS
    group.post(group.other, "/lead/accept")
    page = group.page(group.other)
    assert page.count("A question stays as it is") == 2
    said = []
    for task in (answered, open_):
        refused = group.post(
            group.other, f"/tasks/{task}/change", question="Why?", due="2025-12-01"
        )
        assert refused.status_code == 422
        said += re.findall(r'role="alert">(.*?)</p>', refused.text)
    assert len(said) == 2
    assert len(set(said)) == 1
    assert "How long do you wait?" in page
    day = {"question": "Who spoke?", "due": "2025-12-05"}
    assert group.post(group.other, f"/tasks/{open_}/change", **day).status_code == 303


def test_an_answer_about_an_old_lesson_stays_chosen_in_its_form(group, stores, monkeypatch) -> None:
    monkeypatch.setattr("dashboard_api.cohorts.cohort_view._MAX_LESSONS", 1)
    kept = stores.lesson("sample")
    stores.lessons.put(replace(kept, id="later", starts_utc_ns=kept.starts_utc_ns + SECOND_NS))
    task = group.task()
    assert 'value="sample"' not in group.page(group.teacher)
    group.answer(group.teacher, task)
    page = group.page(group.teacher)
    assert re.findall(r'<option value="(\w+)"( selected)?', page)[:2] == [
        ("later", ""),
        ("sample", " selected"),
    ]


def test_who_leads_deletes_a_task_with_its_answers(group) -> None:
    task = group.task()
    group.answer(group.teacher, task, hand="yes")
    assert group.post(group.teacher, f"/tasks/{task}/end").status_code == 404
    assert WORDS in group.page(group.lead)
    assert group.post(group.lead, f"/tasks/{task}/end").status_code == 303
    assert WORDS not in group.page(group.teacher)
    assert group.stores.cohorts.answers(group.id, TEACHER) == []


@pytest.mark.parametrize("role", ROLES)
def test_whoever_is_invited_joins_if_their_role_may(group, stores, clock, role: Role) -> None:
    """Also somebody whose roles were changed since."""
    add_person(stores.people, "someone", role)
    stores.cohorts.invite(group.id, "someone", Actor(name=COACH, utc_ns=1, person=COACH))
    with group.lead.browser(cookie(stores.people, clock.utc_ns(), "someone")) as someone:
        is_teacher = role == "teacher"
        assert group.post(someone, "/join").status_code == (303 if is_teacher else 404)
        state = group.stores.cohorts.get(group.id).state_of("someone")
        assert state == ("member" if is_teacher else "invited")
        assert (someone.get(f"/cohorts/{group.id}").status_code == 200) == is_teacher
        assert group.post(someone, "/leave").status_code == 303
        assert group.stores.cohorts.get(group.id).state_of("someone") is None
        assert group.post(someone, "/leave").status_code == 404


@pytest.mark.parametrize("role", [each for each in ROLES if each != "teacher"])
def test_a_member_who_is_no_teacher_any_more_leaves_on_the_start_page(
    group, stores, clock, role: Role
) -> None:
    task = group.task()
    group.answer(group.teacher, task, hand="yes")
    stores.people.set_roles(TEACHER, [role], Actor(name="a test", utc_ns=1))
    with group.lead.browser(cookie(stores.people, clock.utc_ns(), TEACHER)) as former:
        assert former.get(f"/cohorts/{group.id}").status_code == 404
        start = former.get("/").text
        assert "You are still in the cohort Wait time, which is for teachers." in start
        assert f'action="/cohorts/{group.id}/leave"' in start
        assert group.post(former, "/leave").status_code == 303
        assert "Wait time" not in former.get("/").text
    assert WORDS not in group.page(group.lead)


def test_the_start_page_names_the_task_that_is_due_next(group) -> None:
    def lines(pages: Pages) -> list[str]:
        found = re.findall(
            r'<section [^>]*aria-label="The cohort Wait time">(.*?)</section>',
            pages.get("/").text,
            re.DOTALL,
        )
        return [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in found]

    assert lines(group.ada) == ["the-coach invites you to the cohort Wait time. Open the cohort"]
    assert lines(group.teacher) == ["You are in the cohort Wait time. Open the cohort"]
    for question, due in (("Later?", "2025-12-30"), ("Sooner?", "2025-11-30")):
        group.post(group.lead, "/tasks", question=question, due=due)
    sooner, later = sorted(group.stores.cohorts.tasks(group.id), key=lambda one: one.due_on)
    assert "Sooner?" in lines(group.teacher)[0]
    group.answer(group.teacher, sooner.id)
    assert "Sooner?" in lines(group.teacher)[0]
    group.answer(group.teacher, sooner.id, hand="yes")
    assert "Later?" in lines(group.teacher)[0]
    group.answer(group.teacher, later.id, hand="yes")
    assert lines(group.teacher) == ["You are in the cohort Wait time. Open the cohort"]
    assert lines(group.lead) == []


def test_leaving_takes_all_that_one_said_along(group) -> None:
    task = group.task()
    group.post(group.ada, "/join")
    group.answer(group.teacher, task, hand="yes")
    assert group.post(group.teacher, "/leave").status_code == 303
    assert group.teacher.get(f"/cohorts/{group.id}").status_code == 404
    assert WORDS not in group.page(group.ada)
    assert group.stores.cohorts.answers(group.id, TEACHER) == []


def test_nobody_else_finds_it_whatever_their_role(group) -> None:
    for path in ("", "/tasks", "/invite", "/end", "/join", "/leave"):
        method = "POST" if path else "GET"
        data = {"question": "q", "due": "2025-11-30"} if path == "/tasks" else {}
        given = {"data": data} if path else {}
        answer = group.other.request(method, f"/cohorts/{group.id}{path}", **given)
        missing = group.other.request(method, f"/cohorts/{'0' * 32}{path}", **given)
        assert (answer.status_code, answer.text) == (404, missing.text), path
    assert "Wait time" not in group.other.get("/cohorts").text


def test_a_member_leads_nothing(group, stores, clock) -> None:
    add_person(stores.people, "both", "teacher", "coach")
    group.post(group.lead, "/invite", person="both")
    with group.lead.browser(cookie(stores.people, clock.utc_ns(), "both")) as both:
        group.post(both, "/join")
        for path in ("/end", f"/members/{ADA}/end"):
            assert group.post(both, path).status_code == 404
    assert group.stores.cohorts.get(group.id).state_of(ADA) == "invited"


def test_ending_it_deletes_everything(group) -> None:
    task = group.task()
    group.answer(group.teacher, task, hand="yes")
    assert group.post(group.lead, "/end").status_code == 303
    assert group.teacher.get(f"/cohorts/{group.id}").status_code == 404
    assert group.stores.cohorts.tasks(group.id) == []


def test_a_cohort_has_fifteen_at_most(group, stores) -> None:
    for number in range(14):
        add_person(stores.people, f"t{number}", "teacher")
        answer = group.post(group.lead, "/invite", person=f"t{number}")
        assert answer.status_code == (303 if number < 13 else 422)
    assert "15 members at most" in answer.text


@pytest.mark.parametrize(
    ("given", "sentence"),
    (
        ({"lesson": "of-ada"}, "Choose a lesson of yours, and write"),
        ({"lesson": "of-ada", "end": "99:00"}, "Choose a lesson of yours, and write"),
        ({"lesson": "none"}, "Choose a lesson of yours, and write"),
        ({"start": "", "end": ""}, "Choose a lesson of yours, and write"),
        ({"end": "99:00"}, "The span ends after the lesson"),
        ({"words": "   "}, "Write what you saw."),
        ({"words": "x" * 2_001}, "Write 2000 characters at most."),
    ),
)
def test_an_answer_that_can_t_be_is_refused_with_a_sentence(group, given, sentence) -> None:
    answer = group.answer(group.teacher, group.task(), **given)
    assert answer.status_code == 422
    (said,) = re.findall(r'<p class="trouble" role="alert">(.*?)</p>', answer.text)
    assert sentence in said
    assert group.stores.cohorts.answers(group.id, TEACHER) == []


@pytest.mark.parametrize(
    ("path", "data", "sentence"),
    (
        ("/tasks", {"question": "", "due": "2025-11-30"}, "Write what you ask."),
        ("/tasks", {"question": "q", "due": "2025-11-01"}, "The last day must be today or later"),
        ("/invite", {"person": ANOTHER}, "Choose a teacher to invite."),
    ),
)
def test_what_can_t_be_asked_is_refused_with_a_sentence(group, path, data, sentence) -> None:
    answer = group.post(group.lead, path, **data)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_an_answer_about_a_lesson_that_is_someone_else_s_now_is_its_writer_s_alone(
    group, stores
) -> None:
    task = group.task()
    group.answer(group.teacher, task, hand="yes")
    assert WORDS in group.page(group.lead)
    by = Actor(name="the-teacher", utc_ns=1, person=TEACHER)
    stores.sharing.handovers.offer("sample", ADA, by)
    assert stores.sharing.handovers.accept("sample", Actor(name=ADA, utc_ns=1, person=ADA))
    assert WORDS not in group.page(group.lead)
    assert WORDS in group.page(group.teacher)
