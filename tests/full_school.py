"""A school with a row in every table, in which two people are found by their own words anywhere."""

from __future__ import annotations

import base64
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from contract.aggregates.report import Report
from contract.clock import SECOND_NS
from school import School, open_school
from school.audit.actor import Actor
from school.audit.heads import HEADS, AuditKey, HeadsFile, signed
from school.audit.log import last_removable, remove_up_to, tip
from school.clips.records import Clip
from school.control.records import KitRequest
from school.cycle.records import CycleText
from school.database import open_school_database
from school.debrief.records import StepText
from school.debrief.reflection_store import Reflection
from school.evaluation.tables import evaluation_plans
from school.forms.sheets import Answer, new_sheet
from school.forms.yaml_file import EXAMPLES, read_form
from school.ledger.records import Costs, Outcome, Week
from school.ledger.tables import worth_sheets
from school.lessons.records import Lesson
from school.lti.records import Platform
from school.moments.records import Label, Moment, NoteTag, Reply, Verdict
from school.observing.records import Look
from school.observing.rota import LOOK_S, Turn
from school.people.identities import link
from school.plans.records import Phase, Standard
from school.programme.records import SchoolGroup
from school.programme.tables import coverage_months
from school.programme.waves import Criterion, Wave
from school.pulse.records import Answer as Tap
from school.pulse.records import Deed
from school.pulse.records import Words as PulseWords
from school.rooms.layout import plan_of_size, zones_by_layout
from school.rooms.records import Hub, Kit, Room, Site
from school.roster.forgetting import left_hash
from school.roster.tables import roster_left
from school.schema import METADATA, imported
from school.sharing.cut import Span
from school.sharing.handing_over import Pack
from school.video.maps import by_hand
from school.video.records import Video
from tests.bundles import bundle_content
from tests.roster_rows import put_in_roster

NOW_NS = 1_763_460_300 * SECOND_NS
HOUR_NS = 3_600 * SECOND_NS
DAY_NS = 24 * HOUR_NS
ADA, KIM, ROB, ROOT, OLD = "id-of-ada", "id-of-kim", "id-of-rob", "id-of-root", "id-of-old"
ADA_NAME = "Ada Quillfeather"
ADA_SIGNS_IN = "ada.quillfeather@school.example"
ADA_IN_TIMETABLES = "Ms Quillfeather"
SUBJECT = "subject-of-ada-4711"
SECRET_KEY = base64.b32encode(b"ada's second factor!").decode()
PASSWORD_HASH = "$argon2id$of-ada$"
NOTE = "quillnote about maths"
BY_ROOT = Actor(name="Root Admin", utc_ns=NOW_NS - 3 * HOUR_NS, person=ROOT)
BY_ADA = Actor(name=ADA_NAME, utc_ns=NOW_NS - 2 * HOUR_NS, person=ADA)
BY_ROB = Actor(name="Rob Lindqvist", utc_ns=NOW_NS - HOUR_NS, person=ROB)
PAST, HIDDEN, COMING, OF_ROB = "ada-past", "ada-hidden", "ada-coming", "rob-past"


def lesson(name: str, teacher: str, starts_ns: int, room: str | None = None) -> Lesson:
    return Lesson(
        id=name, room=room or f"room-of-{name}", teacher=teacher, title=f"title {name}",
        starts_utc_ns=starts_ns, ends_utc_ns=starts_ns + HOUR_NS, source="timetable",
    )  # fmt: skip


def fill(directory: Path) -> None:
    """Put something into every table of a directory that has no school.db yet."""
    for made in Path(_filled().name).iterdir():
        shutil.copy(made, directory / made.name)


_NO_FIGURES = (
    '{"teachers":null,"kits":0,"weeks":null,"saved":{},"before":null,"travel_saved":null,'
    '"gains":{},"classes":{},"groups":[]}'
)


@cache
def _filled() -> tempfile.TemporaryDirectory[str]:
    """Made once: it takes longer than most tests. It goes with the process."""
    folder = tempfile.TemporaryDirectory(prefix="roomtone-full-school-")
    directory = Path(folder.name)
    with closing(open_school(directory)) as school:
        _fill(school)
    with closing(open_school_database(directory)) as database, database.writing() as connection:
        connection.execute(
            insert(imported),
            {"lesson": PAST, "source": "plan.ics", "event": "uid-1", "occurrence": ""},
        )
        month = {"month": "2025-10", "body": "[]", "counted_utc_ns": NOW_NS}
        connection.execute(insert(coverage_months), month)
        sheet = {"number": 1, "starts_on": "2025-01-06", "first_week": "2025-01-06"}
        connection.execute(
            insert(worth_sheets),
            sheet | {"last_week": "2025-03-03", "body": _NO_FIGURES, "counted_utc_ns": NOW_NS},
        )
        plan = {"number": 1, "body": "p", "sha256": "0", "because": "", "outcomes": 0}
        connection.execute(insert(evaluation_plans), plan | {"fixed_utc_ns": NOW_NS})
        connection.execute(
            insert(roster_left), {"id_hash": left_hash("id-in-the-roster-of-old", b"a salt")}
        )
        link(connection, ADA, "https://id.school.example", SUBJECT, NOW_NS)
        last = last_removable(connection, 1 << 40, 1 << 62, 1)
        assert last is not None
        key = AuditKey(directory).make()
        HeadsFile(directory / HEADS).append(signed("newest", tip(connection), NOW_NS, key))
        remove_up_to(connection, signed("removed", last, NOW_NS, key))
    return folder


def _fill(school: School) -> None:
    people, sharing, lessons = school.people, school.sharing, school.lessons
    for person, name, roles in (
        (ROOT, "Root Admin", ("administrator",)),
        (ADA, ADA_NAME, ("teacher",)),
        (KIM, "Kim Roth", ("coach",)),
        (ROB, "Rob Lindqvist", ("teacher",)),
        (OLD, "Old Teacher", ("teacher",)),
    ):
        signs_in = ADA_SIGNS_IN if person == ADA else f"{person}@school.example"
        people.add(name, signs_in, roles, BY_ROOT, person_id=person)
    people.set_password(ROOT, "$argon2id$of-root$", BY_ROOT)
    sharing.tie_name(ADA_IN_TIMETABLES, ADA, BY_ROOT)
    sharing.tie_name("Mr Lindqvist", ROB, BY_ROOT)
    for name, teacher, starts_ns in (
        (PAST, ADA_IN_TIMETABLES, NOW_NS - DAY_NS),
        (HIDDEN, ADA_IN_TIMETABLES, NOW_NS - 2 * DAY_NS),
        ("ada-deleted", ADA_IN_TIMETABLES, NOW_NS - 3 * DAY_NS),
        (COMING, ADA_IN_TIMETABLES, NOW_NS + DAY_NS),
        (OF_ROB, "Mr Lindqvist", NOW_NS - DAY_NS),
        ("rob-deleted", "Mr Lindqvist", NOW_NS - 4 * DAY_NS),
    ):
        lessons.put(lesson(name, teacher, starts_ns))
    until = NOW_NS + 5 * DAY_NS
    parts = (Span(60, 120),)
    sharing.share(PAST, KIM, BY_ADA, until_utc_ns=until, spans=parts)
    sharing.share(OF_ROB, ADA, BY_ROB, until_utc_ns=until, spans=parts)
    sharing.share("ada-deleted", KIM, BY_ADA, until_utc_ns=until)
    sharing.share("rob-deleted", ADA, BY_ROB, until_utc_ns=until)
    for name, by in (("ada-deleted", BY_ADA), ("rob-deleted", BY_ROB)):
        gone = lessons.get(name)
        assert gone is not None
        sharing.teacher.ask_to_delete(gone, by)
    sharing.teacher.exclude(PAST, Span(0, 30), "fire_drill", "drill", BY_ADA)
    sharing.teacher.hide(HIDDEN, BY_ADA)
    sharing.handovers.offer(PAST, ROB, BY_ADA)
    school.clock_maps.add(by_hand(PAST, 12.5, NOW_NS, person=ADA))
    tag = NoteTag(id="wait-time", label="Time to think")
    lessons.put_moment(
        Moment(
            id="m-1", lesson=PAST, start_s=70, end_s=90, note=NOTE, author=ADA, role="teacher",
            kind="question", tags=(tag,), began_utc_ns=NOW_NS - DAY_NS,
        )
    )  # fmt: skip
    lessons.put_moment(
        Moment(
            id="m-2",
            lesson=OF_ROB,
            start_s=70,
            end_s=90,
            note="of a coach",
            author=ADA,
            role="coach",
        )
    )
    for name, moment, author in (("r-1", "m-1", KIM), ("r-2", "m-2", ADA)):
        lessons.add_reply(
            Reply(
                id=name, lesson=PAST if moment == "m-1" else OF_ROB, moment=moment, author=author,
                role="coach", text=f"reply {name}", written_utc_ns=NOW_NS,
            )
        )  # fmt: skip
    gone = Moment(
        id="m-0", lesson=PAST, start_s=1, end_s=9, note="deleted", author=ADA, role="teacher"
    )
    lessons.put_moment(gone)
    lessons.remove_moment(gone.id)
    lessons.keep_labels(ADA_IN_TIMETABLES)
    verdict = Verdict(
        lesson=PAST, moment="m-1", by=ADA, role="teacher", is_confirmed=True, kind="own", zone="room",
        start_s=70, end_s=90,
    )  # fmt: skip
    label = Label(
        lesson=PAST, moment="m-1", by=ADA, role="teacher", is_confirmed=True, kind="own", is_room=True,
        utc_ns=NOW_NS - DAY_NS, model="m", features_version="1", rows=np.arange(6.0).reshape(2, 3),
    )  # fmt: skip
    lessons.put_verdict(verdict, label, written_utc_ns=NOW_NS)
    for place, role, words in ((PAST, "teacher", NOTE), (OF_ROB, "coach", "a film was shown")):
        lessons.put_verdict(
            Verdict(
                lesson=place, moment=f"{place}.lively.300", by=ADA, role=role, is_confirmed=False,
                kind="lively", zone="room", start_s=300, end_s=360, reason="other",
                words=words,
            )
        )  # fmt: skip
    sharing.seat_rows.switch(ADA, BY_ADA, is_on=True)
    for number, (name, observer, by) in enumerate(((PAST, KIM, BY_ADA), (OF_ROB, ADA, BY_ROB))):
        sharing.observers.ask(name, observer, by)
        sharing.observers.settle_plan(name, ["A1"])
        look = Look(id=f"look-{number}", start_s=0, answer="few", said_ms=1)
        assert sharing.observers.keep(name, observer, [(Turn("A1", 0, LOOK_S), look)], NOW_NS)
    sharing.steps.write(PAST, StepText(what="Ada’s step", moment="m-1"), BY_ADA)
    sharing.steps.write(OF_ROB, StepText(what="proposed by a coach"), BY_ADA)
    sharing.cycles.write(CycleText(focus="Ada’s focus"), KIM, BY_ADA)
    sharing.inbox.look(ADA, OF_ROB, NOW_NS)
    sharing.inbox.mail(ADA, NOW_NS, is_on=True)
    school.people.languages.choose(ADA, "es")
    sharing.talks.add(PAST, ADA, KIM, date(2026, 3, 3), 42)
    sharing.talks.add(OF_ROB, ROB, ADA, date(2026, 3, 4), 12)
    sharing.cycles.propose(OF_ROB, CycleText(focus="a focus for Rob"), BY_ADA)
    video = Video(
        id="a" * 32, lesson=PAST, state="ready", file="b" * 32, size=10, container="mp4",
        duration_s=3_600.0, added_by=ADA, consent="c" * 32, created_utc_ns=NOW_NS,
        changed_utc_ns=NOW_NS,
    )  # fmt: skip
    assert school.videos.begin(video, BY_ADA)
    for name, place, by, viewer, words in (
        ("1", PAST, BY_ADA, KIM, NOTE), ("2", OF_ROB, BY_ROB, ADA, "a pond"),
    ):  # fmt: skip
        assert by.person is not None
        clip = Clip(
            id=name * 32, lesson=place, person=by.person, title=f"clip of {words}", video=video.id,
            start_s=60.0, end_s=90.0, shows="both", state="ready", file=f"d{name}" * 16,
            consent="c" * 32, until_utc_ns=until, created_utc_ns=NOW_NS,
        )  # fmt: skip
        school.clips.add(clip, [viewer], by)
    cohort = school.cohorts.make("a cohort of Ada", "waiting", BY_ADA)
    other = school.cohorts.make(
        "a cohort of Kim", "a focus", Actor(name="Kim Roth", utc_ns=NOW_NS, person=KIM)
    )
    school.cohorts.invite(cohort, ROB, BY_ADA)
    school.cohorts.invite(other, ADA, BY_ROOT)
    school.cohorts.join(other, BY_ADA)
    for each, asks in ((cohort, "what waited?"), (other, "a question")):
        school.cohorts.set_task(each, asks, date(2026, 3, 5), BY_ADA)
    (task,) = school.cohorts.tasks(other)
    school.cohorts.save(task, PAST, (60, 120), NOTE, BY_ADA, is_handed=True)
    by_kim = Actor(name="Kim Roth", utc_ns=NOW_NS, person=KIM)
    for person, by in ((ROB, BY_ROB), (KIM, by_kim)):
        school.cohorts.invite(other, person, BY_ROOT)
        school.cohorts.join(other, by)
    school.cohorts.leading.offer(other, ADA, BY_ROOT)
    (shown,) = school.clips.of_lesson(PAST)
    school.clips.in_cohorts.show(shown, other, BY_ADA, consent="c" * 32)
    school.cohorts.replies.to_answer(other, task.id, ADA, "question", NOTE, BY_ADA)
    school.cohorts.visits.propose(other, ROB, BY_ADA)
    school.cohorts.visits.propose(other, ADA, by_kim)
    sharing.guesses.put(PAST, ADA, [(60, 120)], 240, NOW_NS)
    sharing.guesses.begin(ADA, is_on=True)
    sharing.plans.write(PAST, [Phase(name=NOTE, minutes=10, began_s=30)], 0, BY_ADA)
    sharing.standards.replace("F", [Standard(framework="F", code="F.1", words="Add fractions")])
    sharing.reflections.save(PAST, ADA, Reflection(keep=NOTE), NOW_NS)
    sharing.imported.add(ADA, bundle_content(words="words of a copy", author=ADA_NAME), BY_ADA)
    for place, teacher, words in ((PAST, ADA, NOTE), (OF_ROB, ROB, "of a coach")):
        sheet = new_sheet(place, ADA, teacher, read_form(EXAMPLES["talk-rubric"]))
        sharing.forms.answer(sheet, Answer(item="one-place", label="x", words=words), NOW_NS)
        sharing.forms.finish(place, sheet.form, BY_ADA)
    lessons.opt_out("room-1", 4)
    school.rooms.add_site(Site(name="school", title="The school"), BY_ROOT)
    plan = plan_of_size(8)
    room = Room(name="room-1", site="school", plan=plan, zones=zones_by_layout(plan))
    hub = Hub(name="hub-1", seats=(1, 2), port="/dev/ttyUSB0")
    school.rooms.add_room(room, Kit(node="room-1-kit", hubs=(hub,)), BY_ROOT, now_utc_ns=NOW_NS)
    school.programme.put_people({ADA: "school", OLD: "school"}, BY_ROOT)
    group = SchoolGroup(name="north", title="The north", sites=frozenset({"school"}))
    school.programme.put_group(group, BY_ROOT)
    criterion = Criterion(figure="with_cycle", at_least=50.0)
    starts_on = date(2025, 9, 1)
    school.waves.put(
        Wave(name="first", title="First", starts_on=starts_on, sites=group.sites,
             criteria=(criterion,)),
        BY_ROOT,
    )  # fmt: skip
    put_in_roster(school, ADA_NAME, ADA_SIGNS_IN, BY_ROOT)
    week = Week(monday=date(2026, 3, 2), preparing=30, visiting=45)
    school.ledger.put_weeks(ADA, [week], NOW_NS)
    school.ledger.put_weeks(OLD, [week], NOW_NS)
    school.ledger.put_costs(Costs(kit_cost=300.0), BY_ROOT)
    outcome = Outcome(site="school", teacher=1, is_coached=True, pupils=20, before=50.0, after=55.0)
    school.ledger.put_outcomes([outcome], BY_ROOT)
    report = Report(site="school", month="2025-10", teachers=12, figures={"lessons": 40})
    school.released.release(report, "https://collector.example", BY_ROOT)
    monday = date(2026, 3, 2)
    school.pulse.settle(ADA, "week", [monday], Tap(question="could-use", step=2, site="school"))
    school.pulse.switch(ADA, is_on=False)
    school.pulse.add_deed(Deed(id="d", site="", day=monday, said="more", did="some"), BY_ROOT)
    for number, (person, reader) in enumerate(((ADA, KIM), (ROB, ADA))):
        school.pulse.write(
            PulseWords(
                id=f"w-{number}", person=person, reader=reader, text=f"more time {number}",
                written_utc_ns=NOW_NS,
            )
        )  # fmt: skip
    steps = (sharing.steps.of_lesson(PAST)[0].id,)
    pack = Pack(coach=KIM, until_utc_ns=until, steps=steps)
    school.hand_overs.hand_over(pack, BY_ADA, NOW_NS)
    school.colleagues.put(ADA, "needs", ["changes"], "coach")
    school.colleagues.put(ROB, "strengths", ["changes"], "everybody")
    school.control.pause_lesson(PAST, BY_ADA)
    school.control.put_settings("room-1", "room-1-kit", {"led_brightness": 0.2}, BY_ROOT)
    request = KitRequest(
        room="room-1", node="room-1-kit", id="r1", command="identify", asked_utc_ns=NOW_NS
    )
    school.control.ask(request, BY_ROOT)
    platform = Platform(
        name="canvas", title="Canvas", issuer="https://lms.example", client_id="1007",
        auth_url="https://lms.example/auth", jwks_url="https://lms.example/jwks",
        deployments=frozenset({"d-1"}),
    )  # fmt: skip
    school.platforms.add(platform, BY_ROOT)
    assert school.platforms.link("canvas", "d-1", SUBJECT, BY_ADA)
    people.set_password(ADA, PASSWORD_HASH, BY_ROOT)
    people.invite(ADA, BY_ROOT)
    people.invite(KIM, BY_ADA)  # as an administrator, whom Ada was once
    people.set_second_factor(ADA, SECRET_KEY, BY_ADA)
    people.start_session(ADA, "Browser of Ada", NOW_NS - HOUR_NS, has_second_factor=True)
    owner = people.person(ADA)
    assert owner is not None
    people.tokens.make(owner, "marks program", "teacher", PAST, BY_ADA, until_ns=NOW_NS + DAY_NS)
    school.audit.record_look(
        Actor(name="Kim Roth", utc_ns=NOW_NS, person=KIM), "lesson", PAST, lesson=PAST
    )
    people.leaving.leave(OLD, BY_ROOT, utc_ns=NOW_NS)


def cells(directory: Path) -> Iterator[tuple[str, str, Any]]:
    """Table, column and value of everything in school.db."""
    with closing(sqlite3.connect(directory / "school.db")) as database:
        for table in METADATA.tables:
            found = database.execute(f"SELECT * FROM {table}")
            names = [each[0] for each in found.description]
            for row in found:
                yield from ((table, name, value) for name, value in zip(names, row, strict=True))


def columns_with(directory: Path, *words: str) -> set[tuple[str, str]]:
    """Where one of these words stands."""
    return {
        (table, column)
        for table, column, value in cells(directory)
        if isinstance(value, str) and any(word in value for word in words)
    }


def counts(directory: Path) -> dict[str, int]:
    """Table → how many rows it has."""
    with closing(sqlite3.connect(directory / "school.db")) as database:
        return {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in METADATA.tables
        }
