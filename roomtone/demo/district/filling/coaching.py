"""What teachers and coaches do with a lesson: share it, write, talk, and choose a next step."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, TypeVar

from contract.clock import SECOND_NS
from roomtone.demo.district import words
from roomtone.demo.district.filling.lessons import HeldLesson
from roomtone.demo.district.filling.observed import draw_tag, fill_form
from roomtone.demo.district.world import World
from school.audit.actor import Actor
from school.cycle.records import CycleText
from school.debrief.records import Went
from school.debrief.reflection_store import Reflection
from school.moments.records import Moment, Reply, Speaker
from school.plans.plan_file import read_plan
from school.plans.records import Phase

__all__ = ["Coaching"]

_HOUR_NS: Final = 3_600 * SECOND_NS
_SHARED_NS: Final = 60 * 24 * _HOUR_NS
_SECOND_TERM: Final = 6
"""The number of a teacher's first lesson in the second term: a cycle ends with the lesson before."""
_NOTE_S: Final = 90
_A = TypeVar("_A")


@dataclass(slots=True)
class Coaching:
    """Called with each lesson in order of time."""

    world: World
    draw: random.Random = field(init=False)
    _written: int = 0
    _step: dict[int, str] = field(default_factory=dict)
    """Teacher → the id of their open step."""

    def __post_init__(self) -> None:
        self.draw = self.world.draw("coaching")

    def after(self, held: HeldLesson) -> date | None:
        """All that comes of a lesson; the day on which it was talked about, if it was."""
        self._say_how_it_went(held)
        if held.part.coach is None or held.number < held.part.first_coached:
            return None
        self._keep_cycle(held)
        self._share(held)
        if held.number % 2:
            return None
        self._write_notes(held)
        return self._talk(held)

    def _by(self, held: HeldLesson, hours: float) -> Actor:
        """The teacher, so many hours after the lesson began."""
        at = held.lesson.starts_utc_ns + int(hours * _HOUR_NS)
        return self.world.teacher(held.part.number, at)

    def _with(self, held: HeldLesson, hours: float) -> Actor:
        """Their coach."""
        assert held.part.coach is not None
        at = held.lesson.starts_utc_ns + int(hours * _HOUR_NS)
        return self.world.coach(held.part.coach, at)

    def _say_how_it_went(self, held: HeldLesson) -> None:
        step = self._step.get(held.part.number)
        if step is None:
            return
        is_done = held.number % 3 != 1
        went: Went = "done" if is_done else "going_on"
        words_of_it = "It was calmer." if is_done else "Once; I forgot it in the second half."
        by = self._by(held, 1.2)
        self.world.school.sharing.steps.report(step, went, words_of_it, held.lesson.id, by)
        if is_done:
            del self._step[held.part.number]

    def _keep_cycle(self, held: HeldLesson) -> None:
        """A cycle a term; in the second one their coach proposes it."""
        cycles, number = self.world.school.sharing.cycles, held.part.number
        coach = self._with(held, 1.5)
        kept = self.world.put.cycles[number]
        text = CycleText(
            focus=words.FOCUSES[(number + held.number) % len(words.FOCUSES)],
            debrief_on=held.day + timedelta(days=1),
            again_on=held.day + timedelta(days=42) if held.number < _SECOND_TERM
            else self.world.calendar.coming + timedelta(days=3),
        )  # fmt: skip
        if held.number == held.part.first_coached:
            by = self._by(held, 1.5)
            made = cycles.write(text, coach.person, by)
            cycles.look_at(made.id, held.lesson.id, by)
        elif held.number == _SECOND_TERM:
            open_one = cycles.open_cycle(self.world.teachers[number].id)
            assert open_one is not None
            cycles.close(open_one.id, self._by(held, 1.3))
            kept[-1] = kept[-1][0], held.day
            made = cycles.propose(held.lesson.id, text, coach)
            cycles.accept(made.id, self._by(held, 2))
        else:
            return
        kept.append((held.day, None))

    def _share(self, held: HeldLesson) -> None:
        coach = self._with(held, 1.6).person
        assert coach is not None
        until = held.lesson.starts_utc_ns + _SHARED_NS
        by = self._by(held, 1.6)
        self.world.school.sharing.share(held.lesson.id, coach, by, until_utc_ns=until)

    def _write_notes(self, held: HeldLesson) -> None:
        """The coach's, some of them from a visit; the teacher's own, and a reply."""
        lessons, starts = self.world.school.lessons, held.lesson.starts_utc_ns
        coach, teacher = self._with(held, 3), self._by(held, 5)
        assert coach.person is not None
        assert teacher.person is not None
        visit_ns = starts + held.shape.lively_s * SECOND_NS if held.number % 4 == 0 else None
        noted = self._moment(
            held, coach, "coach", held.shape.lively_s, self._one(words.NOTES), began_utc_ns=visit_ns
        )
        self._moment(
            held, teacher, "teacher", 860 + 30 * (held.number % 5), self._one(words.QUESTIONS)
        )
        reply = Reply(
            id=f"r{self._written}", lesson=held.lesson.id, moment=noted, author=teacher.person,
            role="teacher", text=self._one(words.REPLIES), written_utc_ns=teacher.utc_ns,
        )  # fmt: skip
        lessons.add_reply(reply)
        self.world.school.sharing.inbox.look(teacher.person, held.lesson.id, teacher.utc_ns)
        if not held.part.number:
            self._write_for_oneself(held, teacher)
            for by in (coach, teacher):
                fill_form(self.world.school.sharing, held.lesson.id, teacher.person, by, self.draw)
            self.world.put.latest = held.lesson.id

    def _write_for_oneself(self, held: HeldLesson, by: Actor) -> None:
        """The demo's own teacher plans, guesses and writes for themselves too."""
        sharing = self.world.school.sharing
        assert by.person is not None
        begins = (0, 320, 900, 1_900)
        drafted = read_plan(words.PLAN)
        phases = [
            Phase(name=each.name, minutes=each.minutes, began_s=began)
            for each, began in zip(drafted, begins, strict=True)
        ]
        sharing.plans.write(held.lesson.id, phases, 0, by)
        lively = held.shape.lively_s
        sharing.guesses.put(held.lesson.id, by.person, [(lively - 60, lively + 90)], 150, by.utc_ns)
        said = Reflection(keep=words.KEPT, surprise=words.SURPRISES)
        sharing.reflections.save(held.lesson.id, by.person, said, by.utc_ns)

    def _talk(self, held: HeldLesson) -> date:
        """The day after the lesson; a next step comes of it where none is open."""
        number, sharing = held.part.number, self.world.school.sharing
        by, coach = self._by(held, 26), self._with(held, 26)
        assert by.person is not None
        assert coach.person is not None
        day, minutes = held.day + timedelta(days=1), self.draw.randrange(20, 46)
        sharing.talks.add(held.lesson.id, by.person, coach.person, day, minutes)
        self.world.put.talks[f"{day:%Y-%m}"][number] += 1
        self.world.put.talk_minutes[f"{day:%Y-%m}"][number] += minutes
        cycle = sharing.cycles.open_cycle(by.person)
        assert cycle is not None
        if cycle.lesson == held.lesson.id:
            sharing.cycles.talk(cycle.id, by)
        if number not in self._step:
            step = sharing.steps.write(held.lesson.id, self._one(words.STEPS), by)
            self._step[number] = step.id
            self.world.put.steps[f"{day:%Y-%m}"][number] += 1
        return day

    def _moment(
        self, held: HeldLesson, by: Actor, role: Speaker, start_s: int, note: str,
        *, began_utc_ns: int | None = None,
    ) -> str:  # fmt: skip
        assert by.person is not None
        self._written += 1
        moment = Moment(
            id=f"n{self._written}", lesson=held.lesson.id, start_s=start_s, end_s=start_s + _NOTE_S,
            note=note, author=by.person, role=role,
            kind="observation" if role == "coach" else "question", tags=(draw_tag(self.draw),),
            began_utc_ns=began_utc_ns, written_utc_ns=by.utc_ns,
        )  # fmt: skip
        self.world.school.lessons.put_moment(moment)
        return moment.id

    def _one(self, of: tuple[_A, ...]) -> _A:
        return self.draw.choice(of)
