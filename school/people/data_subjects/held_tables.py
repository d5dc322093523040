"""The one list of what is held about a person: each table, and where an export has it.

A test goes over the schema: every table stands here or in `about_nobody.py`, and every column is
exported or has its reason why not.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import exists, func, select

from school.bundle.tables import imported_lessons
from school.control.tables import paused_lessons
from school.cycle.tables import cycles
from school.debrief.tables import action_steps, guess_choices, guesses, reflections, talks
from school.forms.tables import form_answers, form_sheets
from school.inbox.tables import digests, lesson_looks
from school.ledger.tables import ledger_weeks
from school.lti.tables import lti_accounts
from school.moments.dismissals import dismissals
from school.moments.tables import deleted_notes, replies
from school.observing.tables import coding_plans, looks, observers
from school.people.data_subjects.held_clips import HELD_CLIPS
from school.people.data_subjects.held_cohorts import HELD_COHORTS
from school.people.data_subjects.held_colleagues import HELD_COLLEAGUES
from school.people.data_subjects.held_parts import LESSON as _LESSON
from school.people.data_subjects.held_parts import OWNED as _OWNED
from school.people.data_subjects.held_parts import PERSON as _PERSON
from school.people.data_subjects.held_parts import Held, HeldFile
from school.people.data_subjects.held_parts import of_lesson as _of_lesson
from school.people.data_subjects.held_parts import of_person as _of_person
from school.people.data_subjects.held_parts import of_words as _of_words
from school.people.data_subjects.held_pulse import HELD_PULSE
from school.people.languages import chosen_languages
from school.plans.tables import plans
from school.programme.tables import (
    person_sites,
)
from school.roster.tables import (
    roster_people,
    roster_records,
    roster_teachings,
)
from school.schema import (
    audit_events,
    audit_names,
    exclusions,
    former_people,
    hidden_lessons,
    identities,
    imported,
    invitations,
    label_opt_ins,
    labels,
    lesson_owners,
    lessons,
    moments,
    notices,
    offers,
    people,
    program_tokens,
    roles,
    seat_row_choices,
    session_factors,
    sessions,
    share_spans,
    shares,
    teacher_names,
    verdicts,
)
from school.video.maps import clock_maps
from school.video.tables import videos

__all__ = ["HELD", "Held", "HeldFile"]

_OPENS: Final = "it opens the account"
_HIDDEN: Final = select(hidden_lessons.c.lesson)
_NAMES: Final = select(teacher_names.c.name).where(teacher_names.c.person == _PERSON)

_THEIRS: Final = people.alias("theirs")
_OF_OWN: Final = (
    select(_THEIRS.c.name.label("with"), *shares.c)
    .join(_THEIRS, _THEIRS.c.id == shares.c.person)
    .where(shares.c.lesson.in_(_OWNED))
    .order_by(shares.c.lesson, shares.c.person)
)
_OF_OTHERS: Final = (
    select(_THEIRS.c.name.label("by"), *shares.c)
    .join(lesson_owners, lesson_owners.c.lesson == shares.c.lesson)
    .join(_THEIRS, _THEIRS.c.id == lesson_owners.c.person)
    # What they may not see any more is to them as if it were not there.
    .where(shares.c.person == _PERSON, shares.c.lesson.not_in(_HIDDEN))
    .order_by(shares.c.lesson)
)
_SPANS: Final = select(share_spans).order_by(*share_spans.primary_key)
_USED_TWO: Final = exists().where(session_factors.c.token_hash == sessions.c.token_hash)

_AUTHOR: Final = people.alias("author")
_CHANGER: Final = people.alias("changer")
_STEP_COLUMNS: Final = [
    column for column in action_steps.c if column.name not in {"person", "author", "changed_by"}
]
_STEPS: Final = Held(
    table=action_steps, files=("account.json", "sharing.json"),
    parts={
        "next_steps": select(
            *_STEP_COLUMNS, func.coalesce(_AUTHOR.c.name, "").label("author"),
            func.coalesce(_CHANGER.c.name, "").label("changed_by"),
        )
        .outerjoin(_AUTHOR, _AUTHOR.c.id == action_steps.c.author)
        .outerjoin(_CHANGER, _CHANGER.c.id == action_steps.c.changed_by)
        .where(action_steps.c.person == _PERSON)
        .order_by(action_steps.c.written_utc_ns),
        # What the teacher made of it, and how it went, is the teacher's.
        "next_steps_that_you_proposed": select(
            action_steps.c.lesson, action_steps.c.what, action_steps.c.when_words,
            action_steps.c.written_utc_ns,
        )
        .where(
            action_steps.c.author == _PERSON, action_steps.c.person != _PERSON,
            action_steps.c.changed_by == _PERSON,
        )
        .order_by(action_steps.c.written_utc_ns),
    },
    omitted={"person": "the file is of that person"},
)  # fmt: skip

_CYCLES: Final = Held(
    table=cycles, files=("account.json", "sharing.json"),
    parts={
        "cycles": select(
            *(column for column in cycles.c if column.name not in {"person", "author", "coach"}),
            func.coalesce(_AUTHOR.c.name, "").label("author"),
            func.coalesce(_CHANGER.c.name, "").label("coach"),
        )
        .outerjoin(_AUTHOR, _AUTHOR.c.id == cycles.c.author)
        .outerjoin(_CHANGER, _CHANGER.c.id == cycles.c.coach)
        .where(cycles.c.person == _PERSON)
        .order_by(cycles.c.written_utc_ns),
        # Of an open one the coach sees these, and of what they propose it is what they wrote.
        "cycles_shared_with_you": select(
            cycles.c.focus, cycles.c.debrief_on, cycles.c.again_on, cycles.c.state,
            cycles.c.written_utc_ns,
        )
        .where(cycles.c.coach == _PERSON, cycles.c.state != "closed")
        .order_by(cycles.c.written_utc_ns),
    },
    omitted={"person": "the file is of that person"},
)  # fmt: skip

_WRITER: Final = people.alias("writer")
_TEACHERS: Final = form_sheets.alias("teachers")
_SHEET: Final = (
    (form_answers.c.lesson == form_sheets.c.lesson)
    & (form_answers.c.person == form_sheets.c.person)
    & (form_answers.c.form == form_sheets.c.form)
)
_SAID: Final = [
    form_answers.c[name]
    for name in ("lesson", "form", "item", "label", "choice", "choice_label", "words", "revision",
                 "written_utc_ns")
]  # fmt: skip
_FORMS: Final = (
    Held(
        table=form_sheets, files=("account.json",),
        parts={"forms": select(
            form_sheets.c.lesson, form_sheets.c.form, form_sheets.c.name, form_sheets.c.version,
            form_sheets.c.written_utc_ns, form_sheets.c.done_utc_ns,
        ).where(form_sheets.c.person == _PERSON).order_by(*form_sheets.primary_key)},
        omitted={
            "person": "the file is of that person", "teacher": "the id of whose lesson it was",
        },
    ),
    Held(
        table=form_answers, files=("account.json", "lesson.json"),
        parts={
            "what_you_said_in_forms": select(*_SAID)
            .where(form_answers.c.person == _PERSON).order_by(*form_answers.primary_key),
            # What the pages show to the lesson's teacher: once both are done.
            "what_others_said_in_forms": select(
                *_SAID[1:], func.coalesce(_WRITER.c.name, "").label("by"),
            )
            .join(form_sheets, _SHEET)
            .join(_TEACHERS, (_TEACHERS.c.lesson == form_sheets.c.lesson)
                  & (_TEACHERS.c.form == form_sheets.c.form)
                  & (_TEACHERS.c.person == form_sheets.c.teacher))
            .join(lesson_owners, (lesson_owners.c.lesson == form_sheets.c.lesson)
                  & (lesson_owners.c.person == form_sheets.c.teacher))
            .outerjoin(_WRITER, _WRITER.c.id == form_answers.c.person)
            .where(
                form_answers.c.lesson == _LESSON, form_answers.c.person != form_sheets.c.teacher,
                form_sheets.c.done_utc_ns.is_not(None), _TEACHERS.c.done_utc_ns.is_not(None),
            )
            .order_by(*form_answers.primary_key),
        },
        omitted={"person": "the file is of that person, or the name stands there"},
    ),
)  # fmt: skip

_TALK: Final = [talks.c[name] for name in ("lesson", "day", "minutes")]
_TALKS: Final = Held(
    table=talks,
    files=("account.json",),
    parts={
        "talks_about_lessons_of_others": select(*_TALK)
        .where(talks.c.person == _PERSON)
        .order_by(*talks.primary_key),
        "talks_about_your_lessons": select(*_TALK)
        .where(talks.c.teacher == _PERSON)
        .order_by(*talks.primary_key),
    },
    omitted={"teacher": "the id of whose lesson it was", "person": "the id of the coach"},
)

HELD: Final = (
    Held(
        table=people, files=("account.json",),
        parts={"person": select(
            people.c.id, people.c.name, people.c.sign_in_name, people.c.created_utc_ns,
            people.c.password.is_not(None).label("has_password"),
            people.c.second_factor.is_not(None).label("has_second_factor"),
        ).where(people.c.id == _PERSON)},
        omitted={"password": _OPENS, "second_factor": _OPENS, "second_factor_step": _OPENS},
    ),
    _of_person(roles, "account.json", "roles", {}),
    _of_person(teacher_names, "account.json", "names_in_timetables", {}),
    Held(
        table=label_opt_ins, files=("account.json",),
        parts={"keeps_answers_to_learn_from": select(label_opt_ins)
               .where(label_opt_ins.c.teacher.in_(_NAMES))},
    ),
    _of_person(audit_names, "account.json", "names_in_the_audit_log", {}),
    _of_person(former_people, "account.json", "left", {}),
    Held(
        table=seat_row_choices, files=("account.json",),
        parts={"shows_seat_rows": select(seat_row_choices)
               .where(seat_row_choices.c.person == _PERSON)},
    ),
    Held(
        table=sessions, files=("sign-in.json",),
        parts={"sessions": select(
            sessions.c.id, sessions.c.created_utc_ns, sessions.c.seen_utc_ns,
            sessions.c.expires_utc_ns, sessions.c.browser, _USED_TWO.label("used_two_factors"),
        ).where(sessions.c.person == _PERSON).order_by(sessions.c.created_utc_ns)},
        omitted={"token_hash": _OPENS, "person": "the file is of that person"},
    ),
    Held(
        table=session_factors, files=("sign-in.json",),
        omitted={"token_hash": "used_two_factors of the sessions says it"},
    ),
    _of_person(invitations, "sign-in.json", "invitations", {"token_hash": _OPENS}),
    _of_person(identities, "sign-in.json", "school_accounts", {}),
    _of_person(lti_accounts, "sign-in.json", "accounts_of_learning_platforms", {}),
    _of_person(program_tokens, "sign-in.json", "program_tokens", {"token_hash": _OPENS}),
    Held(
        table=shares, files=("sharing.json",),
        parts={"shared_by_you": _OF_OWN, "shared_with_you": _OF_OTHERS},
    ),
    Held(
        table=share_spans, files=("sharing.json",),
        parts={
            "parts_shared_by_you": _SPANS.where(share_spans.c.lesson.in_(_OWNED)),
            "parts_shared_with_you": _SPANS.where(
                share_spans.c.person == _PERSON, share_spans.c.lesson.not_in(_HIDDEN)
            ),
        },
    ),
    Held(
        table=offers, files=("sharing.json",),
        parts={
            "offered_by_you": select(offers, _THEIRS.c.name.label("to"))
            .join(_THEIRS, _THEIRS.c.id == offers.c.person).where(offers.c.lesson.in_(_OWNED)),
            "offered_to_you": select(offers).where(offers.c.person == _PERSON),
        },
    ),
    _of_person(notices, "sharing.json", "notices", {}),
    Held(
        table=lessons, files=("lesson.json",),
        parts={"lesson": select(lessons).where(lessons.c.id == _LESSON)},
    ),
    Held(
        table=lesson_owners,
        files=("account.json",),
        parts={"own_lessons": _OWNED.order_by(lesson_owners.c.lesson)},
        omitted={"person": "the file is of that person"},
    ),
    _of_lesson(imported, "timetable"),
    _of_words(clock_maps, "made_by", "how_the_video_is_lined_up"),
    _of_lesson(exclusions, "left_out"),
    Held(
        table=hidden_lessons, files=("lesson.json",),
        parts={"hidden": select(hidden_lessons).where(hidden_lessons.c.lesson == _LESSON)},
    ),
    Held(
        table=observers, files=("sharing.json",),
        parts={
            "asked_to_observe_by_you": select(observers, _THEIRS.c.name.label("observer"))
            .join(_THEIRS, _THEIRS.c.id == observers.c.person)
            .where(observers.c.asked_by == _PERSON)
            .order_by(observers.c.lesson, observers.c.person),
            "asked_to_observe": select(observers).where(
                observers.c.person == _PERSON, observers.c.lesson.not_in(_HIDDEN)
            ).order_by(observers.c.lesson),
        },
    ),
    _of_lesson(coding_plans, "zones_that_observers_go_round"),
    _STEPS,
    _CYCLES,
    *_FORMS,
    _TALKS,
    *HELD_CLIPS,
    *HELD_COHORTS,
    _of_person(reflections, "account.json", "reflections", {}),
    _of_person(imported_lessons, "account.json", "imported_lessons", {}),
    _of_person(lesson_looks, "account.json", "when_you_looked_at_what_was_new", {}),
    _of_person(chosen_languages, "account.json", "language", {}),
    *HELD_COLLEAGUES,
    _of_person(person_sites, "account.json", "school", {}),
    _of_person(roster_people, "account.json", "in_the_roster", {}),
    Held(
        table=roster_teachings, files=("account.json",),
        parts={
            "classes_in_the_roster": select(
                roster_teachings.c.id, roster_teachings.c.class_id, roster_teachings.c.is_primary,
                roster_records.c.content,
            )
            .outerjoin(
                roster_records,
                (roster_records.c.id == roster_teachings.c.class_id)
                & (roster_records.c.kind == "classes"),
            )
            .where(roster_teachings.c.teacher.in_(
                select(roster_people.c.id).where(roster_people.c.person == _PERSON)
            ))
            .order_by(roster_teachings.c.id)
        },
        omitted={"teacher": "it is the id in the roster, which stands in in_the_roster"},
    ),
    _of_person(ledger_weeks, "account.json", "your_time", {}),
    *HELD_PULSE,
    _of_person(digests, "account.json", "mail_of_what_waits", {}),
    _of_person(guesses, "account.json", "guesses", {}),
    _of_person(plans, "account.json", "plans", {}),
    Held(
        table=guess_choices, files=("account.json",),
        parts={"begins_with_a_guess": select(guess_choices)
               .where(guess_choices.c.person == _PERSON)},
    ),
    _of_person(looks, "sharing.json", "what_you_saw_as_an_observer", {}),
    _of_words(moments, "author", "moments", "your_moments_in_lessons_of_others"),
    _of_words(replies, "author", "replies", "your_replies_in_lessons_of_others"),
    _of_lesson(paused_lessons, "sensing_paused"),
    _of_lesson(deleted_notes, "ids_of_deleted_notes_and_replies"),
    _of_words(verdicts, "said_by", "answers", "your_answers_in_lessons_of_others"),
    _of_words(
        dismissals, "said_by", "reasons_of_answers", "reasons_of_your_answers_in_lessons_of_others"
    ),
    _of_words(videos, "added_by", "videos"),
    _of_words(labels, "said_by", "kept_to_learn_from", "kept_to_learn_from_in_lessons_of_others"),
    Held(table=audit_events, files=("audit-by-you.json", "audit-about-you.json", "audit.json")),
)  # fmt: skip
"""Everything that is about a person, or about a lesson of theirs."""
