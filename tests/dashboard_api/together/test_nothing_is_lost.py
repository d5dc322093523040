"""Whatever two people do at once, and whichever answers are lost: no text is lost, none comes back.

The machine plays pages that write, change, reply and delete through the real routes, on what each
has read last. Requests are lost on the way, or their answers are, and are sent again. Each text has
a word of its own, so that it is known wherever it stands.
"""

from __future__ import annotations

import random
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from contract.clock import SECOND_NS, ManualClock
from contract.lesson import Zone
from dashboard_api.app import create_app
from dashboard_api.web.store_thread import Stores
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from school.lessons.records import Lesson
from tests.dashboard_api.conftest import Pages
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie, open_test_school

NOW_NS = 1_763_460_300 * SECOND_NS
NOTES = "/api/lessons/l/moments"
STEP = "/lessons/l/step"
WORD = re.compile(r"w\d+")


@dataclass
class Request:
    """What a page still has to send, and the words that are safe with it until then."""

    method: str
    path: str
    body: dict[str, Any]
    words: set[str]
    read: set[str] = field(default_factory=set)
    """What of the old text its writer has read and leaves out."""
    note: str = ""
    is_form: bool = False


@dataclass
class Page:
    """A page that is open: what it has read last, what it has yet to send, what was not taken."""

    person: str
    pages: Pages
    read: dict[str, tuple[int, str, bool]] = field(default_factory=dict)
    """Notes by id: revision, text, whether they are this person's."""
    replies: dict[str, str] = field(default_factory=dict)
    """Of this person, or of any for the teacher: reply → note."""
    step: tuple[str, int, str] | None = None
    outbox: list[Request] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    """Words that the server can't take any more; the page shows them to who wrote them."""


class TwoSides(RuleBasedStateMachine):
    """A teacher with two windows and a coach."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="roomtone-two-sides-"))
        school = open_test_school(self.folder)
        self.school = school
        add_person(school.people, COACH, "coach")
        school.lessons.put(
            Lesson(
                id="l", room="r", teacher="Ada", title="L", starts_utc_ns=NOW_NS,
                ends_utc_ns=NOW_NS + 3_000 * SECOND_NS, source="timetable",
                zones=(Zone(name="door", seats=(1, 2, 3, 4, 5)),),
            )
        )  # fmt: skip
        clock = ManualClock(utc_at_boot_ns=NOW_NS + 3_600 * SECOND_NS)
        school.sharing.share("l", COACH, BY, until_utc_ns=clock.utc_ns() + 10**15)
        stores = Stores.of_school(school, periods=MemoryPeriodStore(), scores=MemoryScoreStore())
        self.root = Pages(create_app(lambda: stores, clock=clock)).__enter__()
        self.browsers = [
            self.root.browser(cookie(school.people, clock.utc_ns(), person))
            for person in (TEACHER, TEACHER, COACH)
        ]
        self.pages = [
            Page(person, browser.__enter__())
            for person, browser in zip((TEACHER, TEACHER, COACH), self.browsers, strict=True)
        ]
        self.n = 0
        self.kept: set[str] = set()
        """Words that the server has."""
        self.deleted: set[str] = set()
        """Words that somebody deleted, or replaced after they had read them."""

    @initialize()
    def something_is_there(self) -> None:
        """A note of each and a step, which all pages have read."""
        for at in (0, 2):
            self.writes(at)
            self.sends(at, "answered")
        self.plans(0, False)
        self.sends(0, "answered")
        for at in range(3):
            self.looks(at)

    def teardown(self) -> None:
        for browser in self.browsers:
            browser.__exit__(None, None, None)
        self.root.__exit__(None, None, None)
        shutil.rmtree(self.folder)

    def word(self) -> str:
        self.n += 1
        return f"w{self.n}"

    @rule(seed=st.integers(0, 1 << 32))
    def time_passes(self, seed: int) -> None:
        """Much happens, as it falls: hypothesis itself likes to do the same again and again."""
        chance = random.Random(seed)
        acts: dict[Callable[[], None], int] = {
            lambda: self.looks(chance.randrange(3)): 2,
            lambda: self.writes(chance.randrange(3)): 1,
            lambda: self.replies(chance.randrange(3), chance.randrange(10)): 2,
            lambda: self.changes(
                chance.randrange(3), chance.randrange(10), chance.random() < 0.5
            ): 4,
            lambda: self.plans(chance.randrange(3), chance.random() < 0.5): 2,
            lambda: self.deletes_a_note(chance.randrange(3), chance.randrange(10)): 1,
            lambda: self.deletes_a_reply(chance.randrange(3), chance.randrange(10)): 1,
            lambda: self.sends(
                chance.randrange(3), chance.choice(["answered", "answered", "unheard"])
            ): 10,
        }
        for act in chance.choices(list(acts), list(acts.values()), k=40):
            act()
            self.nothing_is_lost_and_nothing_comes_back()

    @rule(at=st.integers(0, 2), is_reply=st.booleans())
    def a_deletion_overtakes_an_answer(self, at: int, is_reply: bool) -> None:
        """What was written is there and deleted before its writer's page hears of it."""
        page, teacher = self.pages[at], self.pages[0 if at else 1]
        self.empty(page)
        self.empty(teacher)
        self.looks(at)
        before = len(page.outbox)
        if is_reply:
            self.replies(at, 0)
        else:
            self.writes(at)
        if len(page.outbox) == before:
            return
        sent = page.outbox[-1].body["id"]
        self.sends(at, "unheard")
        self.looks(self.pages.index(teacher))
        path = f"{NOTES}/{sent}"
        if is_reply:
            path = (
                f"{NOTES}/{teacher.replies[sent]}/replies/{sent}" if sent in teacher.replies else ""
            )
        if path:
            teacher.outbox.append(Request("DELETE", path, {}, set()))
            self.sends(self.pages.index(teacher), "answered")
        self.sends(at, "answered")

    def empty(self, page: Page) -> None:
        """Send all that waits."""
        while page.outbox:
            self.sends(self.pages.index(page), "answered")

    # ------------------------------------------------------------------ what people do

    @rule(at=st.integers(0, 2))
    def looks(self, at: int) -> None:
        page = self.pages[at]
        found = page.pages.get(NOTES).json()
        page.read = {
            one["id"]: (one["revision"], one["note"], one["is_yours"])
            for one in found if one["kind"] == "own"
        }  # fmt: skip
        page.replies = {
            reply["id"]: one["id"]
            for one in found for reply in one["replies"]
            if reply["is_yours"] or page.person == TEACHER
        }  # fmt: skip
        steps = self.school.sharing.steps.of_lesson("l")
        page.step = next(
            (
                (step.id, step.revision, step.text.what)
                for step in steps
                if step.state in {"open", "proposed"}
            ),
            None,
        )

    @rule(at=st.integers(0, 2))
    def writes(self, at: int) -> None:
        word = self.word()
        body = {"id": f"{self.n:016x}", "start_s": 10.0, "note": f"about {word}"}
        self.pages[at].outbox.append(Request("POST", NOTES, body, {word}))

    @rule(at=st.integers(0, 2), which=st.integers(0, 9))
    def replies(self, at: int, which: int) -> None:
        page = self.pages[at]
        if page.read:
            note = sorted(page.read)[which % len(page.read)]
            word = self.word()
            body = {"id": f"{self.n:016x}", "text": f"to it {word}"}
            path = f"{NOTES}/{note}/replies"
            page.outbox.append(Request("POST", path, body, {word}, note=note))

    @rule(at=st.integers(0, 2), which=st.integers(0, 9), is_joined=st.booleans())
    def changes(self, at: int, which: int, is_joined: bool) -> None:
        page = self.pages[at]
        own = sorted(note for note, (_, _, is_own) in page.read.items() if is_own)
        if own:
            note = own[which % len(own)]
            revision, text, _ = page.read[note]
            word = self.word()
            new = f"{text} {word}" if is_joined else f"now {word}"
            body = {"revision": revision, "note": new}
            read = set(WORD.findall(text)) - set(WORD.findall(new))
            page.outbox.append(Request("PUT", f"{NOTES}/{note}", body, {word}, read, note))

    @rule(at=st.integers(0, 2), is_joined=st.booleans())
    def plans(self, at: int, is_joined: bool) -> None:
        page = self.pages[at]
        word = self.word()
        body: dict[str, Any] = {"what": f"try {word}", "shows": "unseen"}
        read: set[str] = set()
        if page.step is not None:
            step, revision, text = page.step
            if is_joined:
                body["what"] = f"{text} {word}"
            read = set(WORD.findall(text)) - set(WORD.findall(body["what"]))
            body |= {"step": step, "revision": revision}
        page.outbox.append(Request("POST", STEP, body, {word}, read, is_form=True))

    @rule(at=st.integers(0, 2), which=st.integers(0, 9))
    def deletes_a_note(self, at: int, which: int) -> None:
        page = self.pages[at]
        may = sorted(
            note for note, (_, _, is_own) in page.read.items() if is_own or page.person == TEACHER
        )
        if may:
            note = may[which % len(may)]
            page.outbox.append(Request("DELETE", f"{NOTES}/{note}", {}, set(), note=note))

    @rule(at=st.integers(0, 2), which=st.integers(0, 9))
    def deletes_a_reply(self, at: int, which: int) -> None:
        page = self.pages[at]
        if page.replies:
            reply = sorted(page.replies)[which % len(page.replies)]
            path = f"{NOTES}/{page.replies[reply]}/replies/{reply}"
            page.outbox.append(Request("DELETE", path, {}, set()))

    # ------------------------------------------------------------------ what the network does

    @rule(at=st.integers(0, 2), fate=st.sampled_from(["answered", "answered", "unheard"]))
    def sends(self, at: int, fate: str) -> None:
        """A request that is lost on its way is one that is sent later: it needs no fate."""
        waiting = [page for page in self.pages if page.outbox]
        if not waiting:
            return
        page = self.pages[at] if self.pages[at].outbox else waiting[at % len(waiting)]
        request = page.outbox[0]
        before = self.texts()
        given = {"data" if request.is_form else "json": request.body} if request.body else {}
        answer = page.pages.request(request.method, request.path, **given)
        after = self.texts()
        gone = before - after
        if answer.status_code < 400:
            if request.method != "DELETE":
                assert gone <= request.read, "a text was replaced that its writer had not read"
            self.deleted |= gone
            self.kept |= after - before
            self.kept -= gone
        else:
            assert after == before, (request, answer.text)
        if fate == "unheard":
            return  # the page knows nothing, and sends it again
        page.outbox.pop(0)
        self.is_answered(page, request, answer)

    def is_answered(self, page: Page, request: Request, answer: httpx.Response) -> None:
        """What a page does with an answer, as the scripts of the page do."""
        status = answer.status_code
        if status < 400 or request.method == "DELETE" or not request.words - self.texts():
            return  # taken, now or when the answer before was lost
        if status == 409 and "current" in answer.json() if not request.is_form else False:
            current = answer.json()["current"]
            both = f"{current['note']} {' '.join(sorted(request.words))}"
            body = {"revision": current["revision"], "note": both}
            page.outbox.insert(0, Request("PUT", request.path, body, request.words))
            return
        # The page shows what could not be saved, so that its writer can copy it.
        assert status in {403, 404, 409, 410, 422}, answer.text
        page.shown |= request.words

    # ------------------------------------------------------------------ what always holds

    def texts(self) -> set[str]:
        """The words of all that the server has."""
        lessons = self.school.lessons
        found = [one.note for one in lessons.moments("l")]
        found += [one.text for one in lessons.replies("l")]
        found += [one.text.what for one in self.school.sharing.steps.of_lesson("l")]
        return {word for text in found for word in WORD.findall(text)}

    @invariant()
    def nothing_is_lost_and_nothing_comes_back(self) -> None:
        texts = self.texts()
        assert texts == self.kept
        assert not texts & self.deleted, "what was deleted has come back"
        waiting = {word for page in self.pages for one in page.outbox for word in one.words}
        shown = {word for page in self.pages for word in page.shown}
        written = {f"w{n}" for n in range(1, self.n + 1)}
        assert written <= texts | self.deleted | waiting | shown, "a text is nowhere"

    @invariant()
    def both_sides_see_the_same(self) -> None:
        seen = [
            {one["id"]: one["note"] for one in page.pages.get(NOTES).json()}
            for page in self.pages[1:]
        ]
        assert seen[0] == seen[1]


TwoSides.TestCase.settings = settings(
    max_examples=12, stateful_step_count=8, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
TestTwoSides = pytest.mark.slow(TwoSides.TestCase)
