"""What is new to whom: on the start page, and once a day by mail without content."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from contract.clock import SECOND_NS
from dashboard_api.inbox.digests import SUBJECT, Digests
from dashboard_api.language import LANGUAGES
from dashboard_api.people.mail import MailError
from school.audit.actor import Actor
from school.cycle.records import CycleText
from school.debrief.records import StepText
from school.lessons.records import Lesson
from school.moments.records import Moment, Reply
from school.sharing.cut import Span
from tests.dashboard_api.conftest import Pages
from tests.language.marked import MARKED
from tests.signed_in import BY, COACH, TEACHER, cookie

HOUR_NS = 3_600 * SECOND_NS
DAY_NS = 24 * HOUR_NS


def news(pages: Pages) -> list[str]:
    """The lines of the inbox, without markup."""
    found = re.search(
        r'<section class="card inbox".*?<ul class="plain">(.*?)</ul>',
        pages.get("/").text,
        re.DOTALL,
    )
    lines = [] if found is None else re.findall(r"<li>(.*?)</li>", found[1], re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", line)).split()) for line in lines]


def reply(stores, clock, by: str, note: str = "sample-b", text: str = "A reply") -> None:
    made = Reply(
        id=f"r-{clock.utc_ns()}-{by}", moment=note, lesson="sample", text=text, author=by,
        role="coach" if by == COACH else "teacher", written_utc_ns=clock.utc_ns(),
    )  # fmt: skip
    assert stores.lessons.add_reply(made)


@pytest.fixture
def coach(coach, stores, clock):
    """With whom the sample lesson is shared just now."""
    stores.sharing.unshare("sample", COACH, BY)
    stores.sharing.share(
        "sample", COACH, at(clock, TEACHER), until_utc_ns=clock.utc_ns() + 9 * DAY_NS
    )
    return coach


def at(clock, person: str) -> Actor:
    return Actor(name=person, utc_ns=clock.utc_ns(), person=person)


def own_note(stores, author: str, start_s: float = 100.0) -> None:
    stores.lessons.put_moment(
        Moment(
            id=f"of-{author}-{start_s:.0f}", lesson="sample", start_s=start_s, end_s=start_s + 20,
            note="A note", author=author, role="coach",
        )
    )  # fmt: skip


def test_a_shared_lesson_is_new_until_it_is_opened(coach, client, clock):
    (line,) = news(coach)
    assert line.startswith("The-teacher shares Fractions, part 2, ")
    assert line.endswith("with you. Look")
    assert news(client) == []
    coach.get("/lessons/sample")
    assert news(coach) == []


def test_after_three_days_it_waits(coach, clock, stores):
    clock.advance(72 * 3_600)
    with coach.browser(cookie(stores.people, clock.utc_ns(), COACH)) as pages:
        (line,) = news(pages)
    assert "more than three days ago" in line


def test_replies_are_new_to_the_teacher_and_to_whose_note_it_is(client, coach, clock, stores):
    own_note(stores, COACH)
    for pages in (client, coach):
        pages.get("/lessons/sample")
    clock.advance(60)
    reply(stores, clock, TEACHER, f"of-{COACH}-100")
    clock.advance(1)
    reply(stores, clock, TEACHER, f"of-{COACH}-100")
    assert [line.partition(" in ")[0] for line in news(coach)] == ["The-teacher wrote 2 replies"]
    assert news(client) == []  # they are one's own
    coach.get("/lessons/sample")
    assert news(coach) == []
    clock.advance(60)
    reply(stores, clock, COACH)
    assert [line.partition(" in ")[0] for line in news(client)] == ["The-coach wrote a reply"]
    assert news(coach) == []


def write_note(pages: Pages, start_s: float, words: str):
    answer = pages.post("/api/lessons/sample/moments", json={"start_s": start_s, "note": words})
    assert answer.status_code == 201
    return answer.json()


def test_a_coachs_notes_are_new_to_the_teacher(client, coach, clock, stores):
    client.get("/lessons/sample")
    coach.get("/lessons/sample")
    clock.advance(60)
    note = write_note(coach, 300, "Secret words")
    write_note(coach, 400, "More")
    write_note(client, 500, "My own")
    assert [line.partition(" in ")[0] for line in news(client)] == ["The-coach wrote 2 notes"]
    assert news(client)[0].endswith(" Read")
    assert news(coach) == []
    client.get("/lessons/sample")
    assert news(client) == []
    # One that is changed is not new, and one that is deleted never was.
    clock.advance(60)
    change = {"revision": note["revision"], "note": "Other words"}
    path = f"/api/lessons/sample/moments/{note['id']}"
    assert coach.request("PUT", path, json=change).status_code == 200
    assert news(client) == []
    last = write_note(coach, 600, "Written by mistake")
    assert len(news(client)) == 1
    coach.request("DELETE", f"/api/lessons/sample/moments/{last['id']}")
    assert news(client) == []


def test_a_mail_counts_notes_without_their_words(client, coach, clock, stores, round_of):
    client.post("/inbox/mail", data={"is_on": "true"})
    clock.advance(60)
    write_note(coach, 300, "Secret words")
    assert round_of().sent == []
    clock.advance(60)
    stores.lessons.put_moment(
        Moment(
            id="later", lesson="sample", start_s=310, end_s=330, note="Secret words",
            author=COACH, role="coach", written_utc_ns=clock.utc_ns(),
        )
    )  # fmt: skip
    ((_, _, said),) = round_of().sent
    assert "notes in lessons of yours\n" in said
    assert "Secret" not in said


def test_nothing_of_a_part_that_is_not_shared_is_new_to_a_coach(client, coach, clock, stores):
    own_note(stores, COACH, 100.0)
    coach.get("/lessons/sample")
    clock.advance(60)
    reply(stores, clock, TEACHER, f"of-{COACH}-100")
    assert len(news(coach)) == 1
    until = clock.utc_ns() + DAY_NS
    stores.sharing.share("sample", COACH, BY, until_utc_ns=until, spans=(Span(600, 1_200),))
    assert not [line for line in news(coach) if "repl" in line]
    stores.sharing.unshare("sample", COACH, BY)
    assert news(coach) == []


def test_a_proposal_waits_until_it_is_answered(client, coach, clock, stores):
    answer = coach.post(
        "/lessons/sample/step", data={"what": "Cards before the bell", "shows": "unseen"}
    )
    assert answer.status_code < 400
    for _ in range(2):
        (line,) = news(client)
        assert line.startswith("The-coach proposes a next step after Fractions")
        client.get("/lessons/sample")
    (step,) = stores.sharing.steps.of_lesson("sample")
    client.post(f"/lessons/sample/step/{step.id}/accept", data={"revision": step.revision})
    assert news(client) == []


def test_a_step_is_due_once_its_teacher_has_taught_again(client, clock, stores, filled):
    stores.sharing.steps.write("sample", StepText(what="Cards first"), at(clock, TEACHER))
    assert news(client) == []
    clock.advance(DAY_NS // SECOND_NS)
    starts = clock.utc_ns() - 2 * HOUR_NS
    stores.lessons.put(
        Lesson(
            id="next", room="room-204", teacher=filled.lesson.teacher, title="Fractions, part 3",
            starts_utc_ns=starts, ends_utc_ns=starts + HOUR_NS, source="timetable",
        )
    )  # fmt: skip
    with client.browser(cookie(stores.people, clock.utc_ns())) as pages:
        (line,) = news(pages)
        assert "You have taught Fractions, part 3" in line
        assert 'href="/lessons/next/step"' in pages.get("/").text


def test_what_is_due_in_ones_own_cycle_waits_until_it_is_done(client, coach, clock, stores, filled):
    day = date(2025, 11, 18)
    text = CycleText(focus="Calm changes", debrief_on=day, again_on=date(2025, 12, 9))
    made = stores.sharing.cycles.write(text, COACH, at(clock, TEACHER))
    stores.sharing.cycles.look_at(made.id, "sample", at(clock, TEACHER))
    line = "Due in your cycle since 18 November 2025: Talk about it. Your cycle"
    assert news(client) == [line]
    assert 'href="/cycle">Your cycle</a>' in client.get("/").text
    # The coach reads it in their caseload.
    assert not [line for line in news(coach) if "cycle" in line]
    later = replace(text, debrief_on=date(2025, 11, 19))
    known = stores.sharing.cycles.open_cycle(TEACHER)
    stores.sharing.cycles.change(known.id, known.revision, later, COACH, at(clock, TEACHER))
    assert news(client) == []
    clock.advance(DAY_NS // SECOND_NS)
    with client.browser(cookie(stores.people, clock.utc_ns())) as pages:
        assert news(pages) == [line.replace("18 November", "19 November")]
        stores.sharing.cycles.talk(made.id, at(clock, TEACHER))
        assert news(pages) == []


@dataclass
class Box:
    """In the place of a mail server's client."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)
    is_broken: bool = False

    async def send(self, recipient: str, subject: str, text: str) -> None:
        if self.is_broken:
            raise MailError("The mail server did not take the message: gone.")
        self.sent.append((recipient, subject, text))


@pytest.fixture
def round_of(client, clock):
    """Lets the digests look once, when it is so late in the school's day the next time."""
    box = Box()
    digests = Digests(box, "https://roomtone.school.example", None)

    def look(hour: int = 16) -> Box:
        now = clock.utc_ns() // SECOND_NS
        clock.advance((hour * 3_600 - now - 1) % 86_400 + 1)
        client.run(digests.round(client.app.state.store_thread))
        return box

    return look


def test_a_mail_says_how_much_and_not_what(coach, stores, clock, round_of):
    own_note(stores, COACH)
    coach.post("/inbox/mail", data={"is_on": "true"})
    clock.advance(86_400)
    reply(stores, clock, TEACHER, f"of-{COACH}-100", text="Secret words")
    assert round_of(hour=15).sent == []
    box = round_of()
    ((recipient, subject, text),) = box.sent
    assert recipient == stores.people.person(COACH).sign_in_name
    assert subject == SUBJECT
    assert "- 1 reply to a note\n" in text
    assert "https://roomtone.school.example" in text
    for secret in ("Fractions", "Secret", "teacher", "room-204", "sample"):
        assert secret not in text + subject
    # Once a day, and again only where something is new since.
    assert len(round_of(hour=20).sent) == 1
    assert len(round_of().sent) == 1
    reply(stores, clock, TEACHER, f"of-{COACH}-100")
    assert len(round_of().sent) == 2


def test_a_day_of_the_cycle_is_mailed_without_its_focus(client, stores, clock, round_of):
    text = CycleText(focus="Secret focus", debrief_on=date(2025, 11, 20))
    stores.sharing.cycles.write(text, None, at(clock, TEACHER))
    client.post("/inbox/mail", data={"is_on": "true"})
    for _ in range(2):
        assert round_of().sent == []
    ((_, _, said),) = round_of().sent
    assert "- a day of your cycle has come\n" in said
    assert "Secret" not in said
    # It was in that mail: another day does not repeat it.
    assert len(round_of().sent) == 1


def test_nobody_gets_a_mail_who_did_not_ask_or_has_stopped_it(coach, stores, clock, round_of):
    assert round_of().sent == []
    coach.post("/inbox/mail", data={"is_on": "true"})
    clock.advance(86_400)
    own_note(stores, COACH)
    reply(stores, clock, TEACHER, f"of-{COACH}-100")
    with coach.browser(cookie(stores.people, clock.utc_ns(), COACH)) as pages:
        pages.post("/inbox/mail", data={"is_on": "false"})
    assert round_of().sent == []
    assert not stores.sharing.inbox.is_mailed(COACH)


def test_a_mail_that_fails_is_not_sent_twice(coach, stores, clock, round_of):
    coach.post("/inbox/mail", data={"is_on": "true"})
    clock.advance(86_400)
    own_note(stores, COACH)
    reply(stores, clock, TEACHER, f"of-{COACH}-100")
    box = round_of(hour=15)
    box.is_broken = True
    round_of()
    box.is_broken = False
    assert round_of().sent == []
    reply(stores, clock, TEACHER, f"of-{COACH}-100")
    assert len(round_of().sent) == 1


def test_a_mail_is_in_its_reader_s_language(coach, stores, clock, round_of, monkeypatch):
    monkeypatch.setitem(LANGUAGES, "es", MARKED)
    stores.people.languages.choose(COACH, "es")
    coach.post("/inbox/mail", data={"is_on": "true"})
    clock.advance(1)
    own_note(stores, COACH)
    clock.advance(86_400)
    reply(stores, clock, TEACHER, f"of-{COACH}-100")
    ((_recipient, subject, text),) = round_of().sent
    assert subject == f"[{SUBJECT}]"
    assert text.startswith("[Hello,")
    assert "- [1 reply to a note]\n" in text
