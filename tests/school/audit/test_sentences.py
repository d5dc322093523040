"""How entries of the audit log read: each action in plain words, and never a key of its detail."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from contract.aggregates.report import Report
from contract.clock import SECOND_NS
from contract.language import speaking
from school import School, open_school
from school.audit.actor import Actor
from school.audit.entries import SENTENCES, SOMEONE_GONE, THINGS, Entry
from school.audit.records import Action, ExportedFile, Thing
from school.audit.words import FILE_WORDS, REASON_WORDS, ROLE_WORDS
from school.clips.records import LEFT_OUT, Clip
from school.control.records import KitRequest
from school.cycle.records import CycleText
from school.debrief.records import StepText
from school.forms.sheets import Answer, new_sheet
from school.forms.yaml_file import EXAMPLES, read_form
from school.ledger.records import Costs, Week
from school.lessons.records import Lesson
from school.lti.records import Platform
from school.observing.records import Look
from school.observing.rota import EVERY_S, LOOK_S, Turn
from school.people.records import ROLE_NAMES
from school.plans.records import Phase
from school.programme.month_figures import month_of
from school.programme.records import SchoolGroup
from school.programme.waves import Wave
from school.pulse.records import Deed
from school.rooms.layout import plan_of_size, zones_by_layout
from school.rooms.records import Hub, Kit, Room, Site
from school.sharing.cut import EXCLUSION_REASONS, Span
from school.sharing.handing_over import Pack
from school.video.records import Video
from tests.bundles import bundle_content
from tests.language.marked import MARKED
from tests.roster_rows import put_in_roster
from tests.ten_teachers import put_ten_teachers

FOLDERS = ("contract", "dashboard_api", "ingest", "roomtone", "school")
ROOT = Path(__file__).parents[3]
DAY_NS = 86_400 * SECOND_NS
NOW_NS = 100 * DAY_NS
CALL = re.compile(r"(record|record_about|_event|Event)$")


def entry(**fields: Any) -> Entry:
    known: dict[str, Any] = {
        "number": 1, "at_utc_ns": 1, "who": "Ada Okafor", "action": "saw", "thing": "lesson",
        "thing_id": "maths-1", "thing_name": "maths-1", "lesson": "maths-1", "detail": {},
    }  # fmt: skip
    return Entry(**known | fields)


def test_every_action_on_every_thing_reads_as_a_sentence() -> None:
    assert set(SENTENCES) == set(get_args(Action))
    assert set(THINGS) == set(get_args(Thing))
    for action in SENTENCES:
        for thing in THINGS:
            for is_own in (False, True):
                sentence = entry(action=action, thing=thing, is_own=is_own).sentence
                assert sentence.startswith("Ada Okafor ")
                assert "{" not in sentence
                assert "_" not in sentence


@given(
    st.sampled_from(sorted(SENTENCES)),
    st.dictionaries(
        st.sampled_from(("days", "parts", "reason", "start_s", "end_s", "role", "lessons", "again",
                         "removed", "teacher", "zone_key", "page_size", "why", "wording")),
        st.integers(-(1 << 53), 1 << 53) | st.sampled_from(("yes", "fire_drill", "raw_word")),
    ),
)  # fmt: skip
def test_no_detail_shows_its_key(action: str, detail: dict[str, int | str]) -> None:
    sentence = entry(action=action, detail=detail).sentence
    assert "_" not in sentence
    assert "{" not in sentence


def test_the_words_are_those_of_the_pages() -> None:
    assert dict(ROLE_WORDS) == {str(role): words for role, words in ROLE_NAMES.items()}
    assert set(FILE_WORDS) == set(get_args(ExportedFile))
    assert dict(REASON_WORDS) == {str(each): words for each, words in EXCLUSION_REASONS.items()}


def test_a_lesson_is_not_named_on_its_own_page() -> None:
    shared = entry(
        action="shared", thing="person", thing_name="Kim Roth", detail={"days": 1, "parts": 2}
    )
    assert shared.sentence_on("maths-1") == (
        "Ada Okafor shared this lesson with Kim Roth: 2 parts of it, for 1 day"
    )
    assert (
        entry(thing="video").sentence_on("maths-1")
        == "Ada Okafor looked at the video of this lesson"
    )
    assert entry().sentence_on("maths-10") == "Ada Okafor looked at lesson maths-1"


def test_who_has_left_and_what_a_later_version_wrote_still_read() -> None:
    gone = entry(who=SOMEONE_GONE, thing="people", thing_id="", thing_name="")
    assert gone.sentence == "A person who left looked at the list of people"
    later = entry(action="blessed_it", thing="{term_1}", thing_id="t{1}", thing_name="t{1}")
    assert later.sentence == (
        "Ada Okafor did something to something that a later version of Roomtone has a word for"
    )
    more = entry(action="hid", detail={"why_so": "x_y"})
    assert more.sentence == (
        "Ada Okafor hid lesson maths-1 (a later version of Roomtone says more about it)"
    )


def test_a_sentence_is_in_the_reader_s_language() -> None:
    shared = entry(action="shared", thing="person", thing_name=SOMEONE_GONE, detail={"days": 2})
    own = entry(action="changed_password", thing="person", thing_name="Ada Okafor", is_own=True)
    with speaking(MARKED):
        assert shared.sentence == (
            "[Ada Okafor shared [lesson maths-1] with [[a person who left]] [for 2 days]]"
        )
        assert own.sentence_on("maths-1") == "[Ada Okafor changed [their own password]]"
        program = entry(who="roomtone admin", is_program=True, thing="settings").sentence
        assert program == "[[the command “roomtone admin”] looked at [the settings]]"


def do_everything(school: School) -> None:
    """Whatever the school's stores record, once each."""
    people, sharing = school.people, school.sharing
    server = Actor(name="roomtone admin", utc_ns=NOW_NS)
    people.add("Ada Okafor", "ada", ["administrator"], server, person_id="ada")
    ada = Actor(name="Ada Okafor", utc_ns=NOW_NS, person="ada")
    kim = Actor(name="Kim Roth", utc_ns=NOW_NS, person="kim")
    people.add("Kim Roth", "kim", ["teacher", "coach"], ada, person_id="kim")
    people.add("Bo Lind", "bo", ["teacher"], ada, person_id="bo")
    people.set_roles("bo", [], ada)
    people.set_roles("bo", ["teacher", "technician", "coach"], ada)
    people.invite("kim", ada)
    token = people.invite("kim", ada)
    people.redeem(token, "hash", NOW_NS)
    people.redeem_with_account(people.invite("kim", ada), "https://a.example", "4711", NOW_NS)
    people.unlink_account("kim", people.accounts("kim")[0].id, kim)
    people.set_password("kim", "hash", kim)
    people.set_second_factor("kim", "KEY", kim)
    people.set_second_factor("kim", None, server)
    session = people.session(people.start_session("kim", "a browser", NOW_NS), NOW_NS)
    assert session is not None
    people.end_session("kim", session[0].id, NOW_NS)
    page = Actor(name="the sign-in page", utc_ns=NOW_NS)
    school.audit.record_refusal(page, ("kim", "Kim Roth"))
    school.audit.record_refusal(page, None)
    school.lessons.put(
        Lesson(
            id="maths-1", room="204", teacher="Ms Roth", title="", starts_utc_ns=NOW_NS,
            ends_utc_ns=NOW_NS + 1, source="button",
        )
    )  # fmt: skip
    person = people.person("kim")
    assert person is not None
    people.tokens.make(person, "grades", "coach", "maths-1", kim, until_ns=NOW_NS + 30 * DAY_NS)
    (made,) = people.tokens.of_person("kim")
    pages = Actor(name="the pages", utc_ns=NOW_NS)
    people.tokens.record_refusal(made, pages)
    people.tokens.record_refusal(None, pages)
    people.tokens.revoke("kim", made.id, kim)
    sharing.tie_name("Ms Roth", "kim", ada)
    sharing.tie_name("Mx Lind", "bo", ada)
    for thing in ("lesson", "video", "live_page"):
        school.audit.record_look(kim, thing, "maths-1" if thing != "live_page" else "204")
    school.audit.record_look(ada, "audit_log")
    sharing.share("maths-1", "bo", kim, until_utc_ns=NOW_NS + 14 * DAY_NS)
    parts = [Span(60, 120), Span(240, 300)]
    sharing.share("maths-1", "bo", kim, until_utc_ns=NOW_NS + 1, spans=parts)
    sharing.unshare("maths-1", "bo", kim)
    sharing.teacher.exclude("maths-1", Span(840, 4_025), "fire_drill", "", kim)
    left_out = sharing.teacher.cuts(["maths-1"], "kim")["maths-1"].excluded[0]
    sharing.teacher.include("maths-1", left_out.id, kim)
    school.control.pause_lesson("maths-1", kim)
    school.control.resume_lesson("maths-1", kim)
    school.control.put_settings("204", "pi-1", {"spill_s": 20.0}, ada)
    request = KitRequest(room="204", node="pi-1", id="a", command="restart", asked_utc_ns=NOW_NS)
    school.control.ask(request, ada)
    describe_a_room(school, ada)
    school.programme.put_people({"bo": "south"}, ada)
    group = SchoolGroup(name="hills", title="Hills", sites=frozenset({"south"}))
    for each in (group, group, replace(group, title="The hills")):
        school.programme.put_group(each, ada)
    assert school.programme.remove_group("hills", ada)
    link_platforms(school, kim)
    put_in_roster(school, "Lee Ito", "lee@school.example", ada)
    report = Report(site="south", month="2026-09", teachers=12, figures={"lessons": 40})
    for _ in range(2):
        school.released.release(report, "https://collector.example", ada)
    deed = Deed(id="d", site="", day=date(2026, 3, 2), said="more", did="some")
    school.audit.record_pack(Actor(name="roomtone oversight", utc_ns=NOW_NS))
    school.pulse.add_deed(deed, ada)
    school.pulse.remove_deed(deed.id, ada)
    sharing.teacher.hide("maths-1", kim)
    sharing.teacher.unhide("maths-1", kim)
    sharing.handovers.offer("maths-1", "bo", kim)
    sharing.handovers.end_offer("maths-1", kim)
    sharing.handovers.offer("maths-1", "bo", kim)
    bo = Actor(name="Bo Lind", utc_ns=NOW_NS, person="bo")
    assert sharing.handovers.accept("maths-1", bo)
    assert sharing.handovers.take_over("maths-1", kim, NOW_NS, DAY_NS)
    sharing.seat_rows.switch("kim", kim, is_on=True)
    sharing.seat_rows.switch("kim", kim, is_on=False)
    for observer in ("bo", "ada", "bo"):
        sharing.observers.ask("maths-1", observer, kim)
    looks = [
        (Turn("A1", at, at + LOOK_S), Look(id=f"l{at}", start_s=at, answer="few", said_ms=at))
        for at in (0, EVERY_S)
    ]
    assert sharing.observers.keep("maths-1", "bo", looks, NOW_NS)
    assert sharing.observers.keep("maths-1", "ada", looks[:1], NOW_NS)
    school.audit.record_look(bo, "coding_sheet", "maths-1", lesson="maths-1")
    sharing.observers.take_back("maths-1", "bo", kim)
    sharing.observers.ask("maths-1", "bo", kim)
    sharing.observers.take_back("maths-1", "bo", kim)
    sharing.observers.withdraw("maths-1", ada)
    step = sharing.steps.write("maths-1", StepText(what="Begin earlier"), bo)
    step = sharing.steps.accept(step.id, 1, kim)
    step = sharing.steps.change(step.id, 2, StepText(what="Begin at once"), kim)
    pack = Pack(coach="bo", until_utc_ns=NOW_NS + DAY_NS, steps=(step.id,))
    school.hand_overs.hand_over(pack, kim, NOW_NS)
    school.hand_overs.take_back(step.id, "bo", kim)
    sharing.steps.report(step.id, "going_on", "", "maths-1", kim)
    sharing.steps.remove(step.id, kim)
    cycle = sharing.cycles.write(CycleText(focus="Calm changes"), "bo", kim)
    sharing.cycles.change(cycle.id, 1, CycleText(focus="Calm"), None, kim)
    sharing.cycles.close(cycle.id, kim)
    cycle = sharing.cycles.propose("maths-1", CycleText(focus="Calm"), bo)
    sharing.cycles.remove(sharing.cycles.accept(cycle.id, kim).id, kim)
    sharing.guesses.put("maths-1", "kim", [(60, 120)], None, NOW_NS)
    sharing.guesses.show("maths-1", kim, is_shown=True)
    sharing.guesses.show("maths-1", kim, is_shown=False)
    sheet = new_sheet("maths-1", "kim", "kim", read_form(EXAMPLES["talk-rubric"]))
    sharing.forms.answer(sheet, Answer(item="one-place", label="One place", words="12:30"), NOW_NS)
    sharing.forms.finish("maths-1", "talk-rubric", kim)
    sharing.forms.remove("maths-1", "talk-rubric", kim)
    sharing.plans.write("maths-1", [Phase(name="Warm-up", minutes=10)], 0, kim)
    sharing.plans.remove("maths-1", kim)
    people.held.record_export("kim", kim)
    people.held.record_lesson("maths-1", kim)
    made = school.sharing.imported.add("kim", bundle_content(), kim)
    school.sharing.imported.remove(made, "kim", kim)
    for file in get_args(ExportedFile):
        school.audit.record_export(kim, "lesson", "maths-1", lesson="maths-1", file=file)
    people.add("Una Old", "una", [], ada, person_id="una")
    people.held.record_export("una", server)
    people.leaving.leave("una", ada, utc_ns=NOW_NS)
    lesson = school.lessons.get("maths-1")
    assert lesson is not None
    video = Video(
        id="v", lesson="maths-1", state="uploading", file="f", size=1, added_by="kim",
        consent="c" * 32, created_utc_ns=NOW_NS, changed_utc_ns=NOW_NS,
    )  # fmt: skip
    assert school.videos.begin(video, kim)
    assert school.videos.finish_upload("v", kim)
    pages = Actor(name="the pages", utc_ns=NOW_NS)
    assert school.videos.remove(video, pages, "kept_long_enough")
    clip = Clip(
        id="k", lesson="maths-1", person="kim", title="a question", video="v", start_s=61.5,
        end_s=90.0, shows="both", file="g", consent="c" * 32, until_utc_ns=NOW_NS + 3 * DAY_NS,
        created_utc_ns=NOW_NS,
    )  # fmt: skip
    school.clips.add(clip, ["bo"], kim)
    school.clips.end_showing(clip, "bo", kim)
    school.clips.end_showing(clip, "bo", kim)
    school.clips.remove(clip, pages, "end_date")
    school.clips.add(clip, [], kim)
    school.clips.remove(clip, pages, "video_removed")
    school.clips.add(clip, [], kim)
    school.clips.withdraw(clip, LEFT_OUT, kim, "left_out")
    school.clips.remove(clip, pages, "owner_changed")
    cohort = school.cohorts.make("Wait time", "Think first", bo)
    for person in ("kim", "ada"):
        school.cohorts.invite(cohort, person, bo)
    assert school.cohorts.join(cohort, kim)
    assert not school.cohorts.join(cohort, kim)
    school.cohorts.leave(cohort, "ada", bo)
    school.cohorts.set_task(cohort, "How long?", date(2026, 3, 5), bo)
    (task,) = school.cohorts.tasks(cohort)
    for is_handed in (False, True, True):
        school.cohorts.save(task, "maths-1", (0, 60), "four", kim, is_handed=is_handed)
    school.cohorts.replies.to_answer(cohort, task.id, "kim", "question", "Why?", kim)
    (said,) = school.cohorts.replies.of_cohort(cohort)
    school.cohorts.replies.remove(cohort, said.id, kim)
    school.clips.add(clip, [], kim)
    school.clips.in_cohorts.show(clip, cohort, kim, consent="c" * 32)
    school.clips.in_cohorts.hide(clip, cohort, kim)
    school.cohorts.invite(cohort, "ada", bo)
    school.cohorts.join(cohort, ada)
    school.cohorts.visits.propose(cohort, "ada", kim)
    (visits,) = school.cohorts.visits.of(cohort, "ada")
    school.cohorts.visits.agree(cohort, visits.id, ada)
    school.cohorts.visits.host(cohort, visits.id, date(2026, 3, 5), None, ada)
    school.cohorts.visits.end(cohort, visits.id, kim)
    school.cohorts.leading.offer(cohort, "kim", bo)
    school.cohorts.leading.unoffer(cohort, bo)
    school.cohorts.leading.offer(cohort, "kim", bo)
    school.cohorts.leading.decline(cohort, kim)
    school.cohorts.leading.offer(cohort, "bo", bo)
    assert school.cohorts.leading.take_over(cohort, bo)
    school.cohorts.take_back(task, kim)
    school.cohorts.change_task(task, "How long do you wait?", date(2026, 3, 6), bo)
    school.cohorts.end_task(task, bo)
    school.cohorts.leave(cohort, "kim", kim)
    school.cohorts.end(cohort, bo)
    sharing.teacher.ask_to_delete(lesson, kim)
    school.lessons.purge(lessons=["maths-1"], purged_utc_ns=NOW_NS)
    october = month_of(2026, 10, UTC)
    put_ten_teachers(school.coverage._database, october.low_utc_ns)
    school.coverage.count(october, set(), ada, now_utc_ns=october.high_utc_ns)
    school.evaluation_plans.fix("# Plan", "", ada)
    wave = Wave(name="first", title="First", starts_on=date(2026, 9, 7))
    school.waves.put(wave, ada)
    school.waves.put(replace(wave, title="The first"), ada)
    school.waves.remove("first", ada)
    count_a_sheet(school, ada)


def count_a_sheet(school: School, ada: Actor) -> None:
    """Of the ten teachers of `put_ten_teachers`."""
    starts_on = date(2026, 9, 7)
    school.ledger.put_costs(Costs(starts_on=starts_on), ada)
    for number in range(10):
        weeks = [Week(monday=starts_on + timedelta(weeks=at)) for at in (-2, -1, 0, 1)]
        school.ledger.put_weeks(f"ten-{number}", weeks, NOW_NS)
    school.worth_sheets.count(date(2026, 11, 1), ada, zone=UTC, today=date(2026, 11, 2))


def describe_a_room(school: School, ada: Actor) -> None:
    """A room and its kit, from the first description to the last; what changes nothing is no entry."""
    rooms, plan = school.rooms, plan_of_size(12)
    room = Room(name="205", site="north", plan=plan, zones=zones_by_layout(plan))
    kit = Kit(node="pi-2", hubs=(Hub(name="hub-1", seats=(1, 2), port="usb:1"),))
    by = Actor(name="roomtone room", utc_ns=NOW_NS)
    rooms.add_site(Site(name="south"), Actor(name="roomtone site", utc_ns=NOW_NS))
    rooms.add_site(Site(name="south", title="South School"), ada)
    rooms.add_site(Site(name="south", title="South School"), ada)
    rooms.add_room(room, kit, ada, now_utc_ns=NOW_NS)
    rooms.put_room(room, ada, now_utc_ns=NOW_NS)
    rooms.put_room(replace(room, title="Lab", zones=()), ada, now_utc_ns=NOW_NS)
    rooms.put_kit("205", replace(kit, added_utc_ns=NOW_NS), ada)
    rooms.put_kit("205", replace(kit, sound="none"), ada)
    rooms.put_kit("205", replace(kit, node="pi-3", hubs=(replace(kit.hubs[0], seats=(3,)),)), by)
    assert rooms.remove_kit("pi-3", by)
    assert not rooms.remove_kit("pi-3", by)
    school.audit.record_code(ada, "205", "pi-2")
    school.audit.record_lock_out(ada, "205", "pi-2")
    school.audit.record_lock_out(Actor(name="roomtone node", utc_ns=NOW_NS), "", "pi-9")
    assert rooms.remove_room("205", ada)
    assert not rooms.remove_room("205", ada)


def link_platforms(school: School, kim: Actor) -> None:
    """A learning platform from its set-up to its end, and an account there."""
    by = Actor(name="roomtone lti", utc_ns=NOW_NS)
    platform = Platform(
        name="canvas", title="Canvas", issuer="https://lms.example", client_id="1",
        auth_url="https://lms.example/auth", jwks_url="https://lms.example/jwks",
    )  # fmt: skip
    assert kim.person is not None
    school.platforms.add(platform, by)
    school.platforms.add_deployment("canvas", "d-1", by)
    assert school.platforms.link("canvas", "d-1", "7", kim)
    assert not school.platforms.link("canvas", "d-1", "7", kim)
    (account,) = school.platforms.accounts(kim.person)
    assert school.platforms.unlink(kim.person, account.id, kim)
    assert not school.platforms.unlink(kim.person, account.id, kim)
    assert school.platforms.remove_deployment("canvas", "d-1", by) == 0
    assert school.platforms.remove("canvas", by) == 0


SAID = """
The command “roomtone admin” changed the rights of Ada Okafor: their role is school administrator now
Ada Okafor changed the rights of Kim Roth: their roles are teacher and coach now
Ada Okafor changed the rights of Bo Lind: their role is teacher now
Ada Okafor changed the rights of Bo Lind: they have no role now
Ada Okafor changed the rights of Bo Lind: their roles are teacher, coach and technician now
Ada Okafor invited Kim Roth
Ada Okafor invited Kim Roth again
Kim Roth used a link to choose how they sign in
Ada Okafor made a link for Kim Roth to choose a new password
Kim Roth used a link to choose how they sign in
Kim Roth linked a school account to themselves
Kim Roth removed their own linked school account
Kim Roth changed their own password
Kim Roth changed their own second factor
The command “roomtone admin” removed the second factor of Kim Roth
Kim Roth signed in
Kim Roth signed out
The sign-in page refused an attempt to sign in as Kim Roth
The sign-in page refused an attempt to sign in as a name that nobody has
Kim Roth made the token ID for the role coach for 30 days
The pages refused the token ID
The pages refused a token that opens nothing
Kim Roth revoked the token ID
Ada Okafor changed the rights of Kim Roth: a name in timetables means them now, and 1 lesson became theirs
Ada Okafor changed the rights of Bo Lind: a name in timetables means them now, and no lesson became theirs
Kim Roth looked at lesson maths-1
Kim Roth looked at the video of lesson maths-1
Kim Roth looked at the live page of room 204
Ada Okafor looked at the audit log
Kim Roth shared lesson maths-1 with Bo Lind for 14 days
Kim Roth shared lesson maths-1 with Bo Lind: 2 parts of it, until the end of the day
Kim Roth stopped sharing lesson maths-1 with Bo Lind
Kim Roth left out minutes 14:00 to 67:05 (fire drill) of lesson maths-1
Kim Roth took minutes 14:00 to 67:05 of lesson maths-1 in again
Kim Roth paused the sensing of lesson maths-1
Kim Roth ended the pause in the sensing of lesson maths-1
Ada Okafor changed the settings of kit pi-1 in room 204
Ada Okafor gave a command to kit pi-1 in room 204: start again
The command “roomtone site” described site south
Ada Okafor changed the description of site south: its title
Ada Okafor described site north
Ada Okafor described room 205
Ada Okafor described kit pi-2 in room 205
Ada Okafor changed the description of room 205: its title and its zones
Ada Okafor changed the description of kit pi-2 in room 205: where its sound levels come from
The command “roomtone room” described kit pi-3 in room 205
The command “roomtone room” removed the description of kit pi-3 in room 205
Ada Okafor made a code with which a Pi becomes kit pi-2 in room 205
Ada Okafor locked out kit pi-2 in room 205
The command “roomtone node” locked out kit pi-9
Ada Okafor removed the description of kit pi-2 in room 205
Ada Okafor removed the description of room 205
Ada Okafor changed the description of Bo Lind: to which school they belong
Ada Okafor described group of schools hills
Ada Okafor changed the description of group of schools hills
Ada Okafor removed the description of group of schools hills
The command “roomtone lti” set up the learning platform canvas
The command “roomtone lti” changed the learning platform canvas
Kim Roth linked an account of a learning platform to themselves
Kim Roth removed the link of an account of a learning platform to themselves
The command “roomtone lti” changed the learning platform canvas
The command “roomtone lti” removed the learning platform canvas
Ada Okafor described site the-school
Ada Okafor changed the rights of Lee Ito: their role is teacher now
Ada Okafor changed the description of Lee Ito: to which school they belong
Ada Okafor took over a roster
Ada Okafor released the figures of south/2026-09 to a collector: of 12 teachers
The command “roomtone oversight” wrote an oversight pack, without names and lessons
Ada Okafor described what was done about answers
Ada Okafor removed the description of what was done about answers
Kim Roth hid lesson maths-1
Kim Roth showed lesson maths-1 again
Kim Roth offered lesson maths-1 to Bo Lind
Kim Roth ended the offer of lesson maths-1
Kim Roth offered lesson maths-1 to Bo Lind
Kim Roth handed lesson maths-1 over to Bo Lind
Kim Roth took lesson maths-1 over, to teach it for someone else
Kim Roth changed whether they see rows of seats: on now
Kim Roth changed whether they see rows of seats: off now
Kim Roth asked Bo Lind to observe lesson maths-1
Kim Roth asked Ada Okafor to observe lesson maths-1
Kim Roth asked Bo Lind to observe lesson maths-1
Bo Lind looked at the observers’ sheet of lesson maths-1
Kim Roth took back the request to Bo Lind to observe lesson maths-1: 2 looks were removed
Kim Roth asked Bo Lind to observe lesson maths-1
Kim Roth took back the request to Bo Lind to observe lesson maths-1
Ada Okafor stopped observing lesson maths-1: 1 look was removed
Bo Lind proposed a next step
Kim Roth took over a next step that was proposed
Kim Roth wrote a next step
Kim Roth handed next steps over to Bo Lind
Kim Roth took back next steps that were handed over to Bo Lind
Kim Roth said how a next step went: going on
Kim Roth removed a next step
Kim Roth wrote a cycle
Kim Roth shared their cycle with Bo Lind
Kim Roth wrote a cycle
Kim Roth stopped sharing their cycle with Bo Lind
Kim Roth closed a cycle
Bo Lind proposed a cycle
Kim Roth took over a cycle that was proposed
Kim Roth shared their cycle with Bo Lind
Kim Roth removed a cycle
Kim Roth shows their guess to those who see lesson maths-1
Kim Roth shows their guess to nobody else who sees lesson maths-1
Kim Roth was done with a form about lesson maths-1, which who fills it too may see then
Kim Roth removed what they filled of a form about lesson maths-1
Kim Roth wrote the plan of lesson maths-1
Kim Roth removed the plan of lesson maths-1
Kim Roth exported all that is held about themselves
Kim Roth exported lesson maths-1
Kim Roth read imported lesson ID from a file
Kim Roth deleted imported lesson ID
Kim Roth exported lesson maths-1: its table
Kim Roth exported lesson maths-1: its notes and moments
Kim Roth exported lesson maths-1: its chapters
Kim Roth exported lesson maths-1: its moments for a player
Kim Roth exported lesson maths-1: the record of its debrief
Kim Roth exported lesson maths-1: the next visit for a calendar
Kim Roth exported lesson maths-1: all of it
Kim Roth exported lesson maths-1: its files for an evaluation
Ada Okafor changed the rights of a person who left: they have no role now
The command “roomtone admin” exported all that is held about a person who left
Ada Okafor removed the name of a person who left
Kim Roth confirmed who may be filmed in lesson maths-1
Kim Roth added the video of lesson maths-1
The pages removed the video of lesson maths-1 for good, because it was kept for as long as the school keeps videos
Kim Roth cut a clip of lesson maths-1 and confirmed whose faces and voices are in it: minutes 1:01 to 1:30
Kim Roth shows a clip of lesson maths-1 to Bo Lind for 3 days
Kim Roth stopped showing a clip of lesson maths-1 to Bo Lind
The pages removed a clip of lesson maths-1 for good, because its last day was over
Kim Roth cut a clip of lesson maths-1 and confirmed whose faces and voices are in it: minutes 1:01 to 1:30
The pages removed a clip of lesson maths-1 for good, because the video that it was cut from was removed
Kim Roth cut a clip of lesson maths-1 and confirmed whose faces and voices are in it: minutes 1:01 to 1:30
Kim Roth removed a clip of lesson maths-1 for good, because a part that is in it was left out
The pages removed a clip of lesson maths-1 for good, because the teacher who cut it does not have the lesson any more
Bo Lind began a cohort
Bo Lind invited Kim Roth to a cohort
Bo Lind invited Ada Okafor to a cohort
Kim Roth joined a cohort
Bo Lind took Ada Okafor out of a cohort
Bo Lind set a task for a cohort
Kim Roth handed an answer about lesson maths-1 to a cohort
Kim Roth answered a colleague in a cohort
Kim Roth deleted what they answered a colleague in a cohort
Kim Roth cut a clip of lesson maths-1 and confirmed whose faces and voices are in it: minutes 1:01 to 1:30
Kim Roth shows a clip of lesson maths-1 in a cohort and confirmed whose faces and voices are in it
Kim Roth stopped showing a clip of lesson maths-1 in a cohort
Bo Lind invited Ada Okafor to a cohort
Ada Okafor joined a cohort
Kim Roth proposed to Ada Okafor that each sees a lesson of the other’s
Ada Okafor agreed to visits in a cohort
Ada Okafor named a day for a visit in a cohort
Kim Roth deleted visits in a cohort
Bo Lind asked Kim Roth to lead a cohort
Bo Lind does not ask anybody any more to lead a cohort
Bo Lind asked Kim Roth to lead a cohort
Kim Roth does not lead a cohort
Bo Lind asked themselves to lead a cohort
Bo Lind leads a cohort from now on
Kim Roth deleted their answer in a cohort for good
Bo Lind changed a task for a cohort
Bo Lind deleted a task for a cohort for good, with the answers to it
Kim Roth left a cohort
Bo Lind ended a cohort for good
Kim Roth asked to delete lesson maths-1
The command “roomtone purge” removed lesson maths-1 for good
Ada Okafor counted how far coaching reached in 2026-10: of 10 teachers
Ada Okafor fixed the plan of an evaluation 1ee55b7ae632bd99dfea4f2d791ff06b1119975e96d4f822050923e7499f44cb
Ada Okafor described wave first of the roll-out
Ada Okafor changed the description of wave first of the roll-out
Ada Okafor removed the description of wave first of the roll-out
Ada Okafor changed the description of the programme
Ada Okafor counted what the programme was worth up to 2026-11-01: of 10 teachers
"""


def recorded_in_the_code() -> Iterator[str]:
    """The actions that calls in the programs record."""
    words = set(get_args(Action))
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "school.audit" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            is_call = isinstance(node, ast.Call) and CALL.search(ast.unparse(node.func))
            is_chosen = isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "Action"
            if is_call or is_chosen:
                for value in ast.walk(node):
                    if isinstance(value, ast.Constant) and value.value in words:
                        yield str(value.value)


def test_everything_that_is_recorded_reads_in_plain_words(tmp_path: Path) -> None:
    with closing(open_school(tmp_path)) as school:
        do_everything(school)
        entries = school.audit.latest(1_000)[::-1]
    made = re.compile(r"(token|imported lesson) ([0-9a-f]{32}|[0-9a-f]{16})")
    said = [made.sub(r"\1 ID", each.sentence) for each in entries]
    assert {each.action for each in entries} == set(recorded_in_the_code())
    assert said == SAID.strip().splitlines()
