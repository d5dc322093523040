"""What ingest says to nodes: the newest word on each matter, and each lesson in time."""

from __future__ import annotations

import pytest

from contract.clock import SECOND_NS, ManualClock
from contract.errors import StoreError
from contract.wire.messages import Config
from ingest.nodes.configuration import LessonConfig, spans
from ingest.receiving.outgoing_queue import Outgoing
from school.audit.actor import Actor
from school.lessons.memory import MemoryLessonStore
from school.lessons.records import Lesson

DAY_NS = 86_400 * SECOND_NS


class Link:
    """Takes a number of words."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken: list[tuple[str, bytes, bool]] = []

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, qos: int = 1) -> bool:
        if self.room == 0:
            return False
        self.room -= 1
        self.taken.append((topic, payload, retain))
        return True


def test_a_later_word_replaces_the_earlier_and_waits_for_the_link() -> None:
    outgoing, link = Outgoing(10), Link(0)
    outgoing.say("a", "t/a", b"1")
    outgoing.say("b", "t/b", b"1", retain=True)
    outgoing.flush(link)
    outgoing.say("a", "t/a", b"2")
    link.room = 5
    outgoing.flush(link)
    assert link.taken == [("t/b", b"1", True), ("t/a", b"2", False)]
    assert len(outgoing) == 0


def test_when_it_is_full_the_oldest_goes() -> None:
    outgoing, link = Outgoing(2), Link(5)
    for about in "abc":
        outgoing.say(about, about, b"")
    outgoing.flush(link)
    assert [topic for topic, _, _ in link.taken] == ["b", "c"]
    assert outgoing.dropped == 1


def test_so_many_words_are_handed_over_and_the_others_wait() -> None:
    outgoing, link = Outgoing(10), Link(10)
    for about in "abcde":
        outgoing.say(about, about, b"")
    outgoing.flush(link, max_words=2)
    assert [topic for topic, _, _ in link.taken] == ["a", "b"]
    outgoing.flush(link, max_words=9)
    assert [topic for topic, _, _ in link.taken] == list("abcde")


def lesson(name: str, starts_ns: int, ends_ns: int | None, room: str = "r1") -> Lesson:
    return Lesson(
        id=name, room=room, teacher="t", title="", starts_utc_ns=starts_ns, ends_utc_ns=ends_ns,
        source="button",
    )  # fmt: skip


def test_a_node_is_told_of_lessons_from_yesterday_to_next_week_and_of_the_last() -> None:
    now = 100 * DAY_NS
    lessons = [
        lesson("over", now - 3 * DAY_NS, now - 2 * DAY_NS),
        lesson("yesterday", now - DAY_NS, now - DAY_NS // 2),
        lesson("forgotten", now - 9 * DAY_NS, None),
        lesson("running", now - DAY_NS // 4, None),
        lesson("soon", now + DAY_NS, now + 2 * DAY_NS),
        lesson("later", now + 8 * DAY_NS, now + 9 * DAY_NS),
        lesson("last", now + 90 * DAY_NS, now + 91 * DAY_NS),
    ]
    assert [span.lesson for span in spans(lessons, now, DAY_NS // 2)] == [
        "yesterday",
        "running",
        "soon",
        "last",
    ]


def test_a_lesson_that_nobody_ended_gets_its_end_when_it_counts_as_over() -> None:
    starts = 100 * DAY_NS
    lessons = [lesson("open", starts, None)]

    def ends(after_ns: int) -> int | None:
        (span,) = spans(lessons, starts + after_ns, DAY_NS // 2)
        return span.ends_utc_ns

    assert ends(DAY_NS // 2 - 1) is None
    assert ends(DAY_NS // 2) == ends(DAY_NS) == starts + DAY_NS // 2


class KnownKits:
    """A LessonConfig and what it has to send to each kit."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.lessons = MemoryLessonStore()
        self.config = LessonConfig(
            lessons=self.lessons, site="school", clock=self.clock, longest_ns=DAY_NS // 2
        )

    def due(self) -> dict[str, Config]:
        self.clock.advance(1)
        return dict(self.config.due())

    def add(self, name: str, after_s: int, room: str = "r1") -> None:
        starts_ns = self.clock.utc_ns() + after_s * SECOND_NS
        self.lessons.put(lesson(name, starts_ns, starts_ns + SECOND_NS, room))


def test_each_node_is_told_once_and_again_when_something_changed() -> None:
    kits = KnownKits()
    kits.config.add_node("r1", "a")
    kits.config.add_node("r1", "b")
    kits.config.add_node("r2", "c")
    first = kits.due()
    assert set(first) == {f"roomtone/1/school/{n}/config" for n in ("r1/a", "r1/b", "r2/c")}
    assert kits.due() == {}
    kits.add("x", 60)
    second = kits.due()
    assert set(second) == {f"roomtone/1/school/r1/{n}/config" for n in "ab"}
    topic = "roomtone/1/school/r1/a/config"
    assert second[topic].revision > first[topic].revision
    kits.config.forget_sent()
    assert len(kits.due()) == 3


def test_the_nodes_of_a_room_are_told_which_seats_have_opted_out() -> None:
    kits = KnownKits()
    kits.config.add_node("r1", "a")
    kits.config.add_node("r2", "b")
    kits.due()
    kits.lessons.opt_out("r1", 4)
    kits.clock.advance(1)
    (topic, config), *others = kits.due().items()
    assert (topic, others) == ("roomtone/1/school/r1/a/config", [])
    assert config.excluded_seats == (4,)
    kits.lessons.opt_in("r1", 4)
    ((_, config),) = kits.due().items()
    assert config.excluded_seats == ()


def test_a_room_is_told_which_of_its_lessons_a_page_has_paused() -> None:
    kits = KnownKits()
    kits.config.add_node("r1", "a")
    kits.config.add_node("r2", "b")
    kits.add("x", 60)
    kits.add("y", 60, "r2")
    kits.due()
    by = Actor(name="a test", utc_ns=1)
    kits.lessons.orders.pause_lesson("x", by)
    ((topic, config),) = kits.due().items()
    assert topic == "roomtone/1/school/r1/a/config"
    assert config.paused_lessons == ("x",)
    kits.lessons.orders.resume_lesson("x", by)
    ((_, config),) = kits.due().items()
    assert config.paused_lessons == ()


def test_time_alone_brings_a_lesson_in() -> None:
    kits = KnownKits()
    kits.config.add_node("r1", "a")
    kits.add("x", 8 * 86_400)
    kits.add("y", 9 * 86_400)
    (config,) = kits.due().values()
    assert [span.lesson for span in config.lessons] == ["y"]  # the last one is always sent
    kits.clock.advance(2 * 86_400)
    (config,) = kits.due().values()
    assert [span.lesson for span in config.lessons] == ["x", "y"]


class FailingLessons(MemoryLessonStore):
    """A database that may be down, and says so to one question."""

    fails_at = ""
    asked = 0

    def version(self) -> int:
        self.asked += 1
        self._fail("version")
        return super().version()

    def opted_out(self) -> list[tuple[str, int]]:
        self._fail("opted_out")
        return super().opted_out()

    def _fail(self, at: str) -> None:
        if self.fails_at == at:
            raise StoreError("it is down")


@pytest.mark.parametrize("fails_at", ("version", "opted_out"))
def test_lessons_that_can_not_be_read_are_asked_for_again_and_no_room_is_forgotten(
    fails_at: str,
) -> None:
    """Keeping waits while a database does not answer, so it is not asked each tick."""
    store, clock = FailingLessons(), ManualClock()
    now = clock.utc_at_boot_ns
    store.put(lesson("now", now, now + DAY_NS))
    config = LessonConfig(lessons=store, site="s", clock=clock, longest_ns=DAY_NS)
    config.add_node("r1", "pi-0")
    store.fails_at = fails_at
    with pytest.raises(StoreError):
        list(config.due())
    asked = store.asked
    for _ in range(9):
        clock.now_ns += SECOND_NS
        assert list(config.due()) == []
    assert store.asked == asked
    store.fails_at = ""
    clock.now_ns += SECOND_NS
    ((topic, found),) = config.due()
    assert topic == "roomtone/1/s/r1/pi-0/config"
    assert [each.lesson for each in found.lessons] == ["now"]
    assert list(config.due()) == []


def paused_by(due: dict[str, Config]) -> dict[str, tuple[str, ...]]:
    """Room and node → the other kits that pause it."""
    return {topic.removeprefix("roomtone/1/school/")[: -len("/config")]: config.paused_by
            for topic, config in due.items()}  # fmt: skip


def test_a_pressed_button_pauses_the_room_s_other_kits_and_no_other_room() -> None:
    kits = KnownKits()
    for room, node in (("r1", "a"), ("r1", "b"), ("r1", "c"), ("r2", "d")):
        kits.config.add_node(room, node)
    first = kits.due()
    kits.config.hear_button("school", "r1", "a", is_pressed=True)
    second = kits.due()
    assert paused_by(second) == {"r1/b": ("a",), "r1/c": ("a",)}
    topic = "roomtone/1/school/r1/b/config"
    assert second[topic].revision > first[topic].revision
    kits.config.hear_button("school", "r1", "a", is_pressed=True)
    assert kits.due() == {}
    # Two buttons: the room waits for both, and each kit for the other one.
    kits.config.hear_button("school", "r1", "b", is_pressed=True)
    assert paused_by(kits.due()) == {"r1/a": ("b",), "r1/c": ("a", "b")}
    kits.config.hear_button("school", "r1", "a", is_pressed=False)
    assert paused_by(kits.due()) == {"r1/b": (), "r1/c": ("b",)}
    kits.config.hear_button("school", "r1", "b", is_pressed=False)
    assert paused_by(kits.due()) == {"r1/a": (), "r1/c": ()}


def test_a_kit_that_comes_later_hears_of_the_pause_with_its_lessons() -> None:
    kits = KnownKits()
    kits.config.add_node("r1", "a")
    kits.due()
    kits.config.hear_button("school", "r1", "a", is_pressed=True)
    assert kits.due() == {}
    kits.config.add_node("r1", "b")
    assert paused_by(kits.due()) == {"r1/b": ("a",)}


def test_a_kit_that_moved_leaves_its_old_room() -> None:
    kits = KnownKits()
    for room, node in (("r1", "a"), ("r1", "b"), ("r2", "c")):
        kits.config.add_node(room, node)
    kits.config.hear_button("school", "r1", "a", is_pressed=True)
    kits.due()
    kits.config.hear_button("school", "r2", "a", is_pressed=True)
    assert paused_by(kits.due()) == {"r1/b": (), "r2/c": ("a",)}


def test_a_button_counts_while_the_school_s_database_is_down() -> None:
    store, clock = FailingLessons(), ManualClock()
    config = LessonConfig(lessons=store, site="school", clock=clock, longest_ns=DAY_NS)
    for node in ("a", "b"):
        config.add_node("r1", node)
    known = dict(config.due())
    store.fails_at = "version"
    clock.advance(1)
    with pytest.raises(StoreError):
        list(config.due())
    config.hear_button("school", "r1", "a", is_pressed=True)
    due = dict(config.due())
    assert paused_by(due) == {"r1/b": ("a",)}
    (topic,) = due
    assert due[topic].revision > known[topic].revision


def test_no_two_configurations_have_one_revision() -> None:
    """The doctor compares revisions, and several changes may fall into a millisecond."""
    kits = KnownKits()
    for node in ("a", "b"):
        kits.config.add_node("r1", node)
    seen = [config.revision for config in dict(kits.config.due()).values()]
    for is_pressed in (True, False, True):
        kits.config.hear_button("school", "r1", "a", is_pressed=is_pressed)
        seen += [config.revision for _, config in kits.config.due()]
    assert len(seen) == 5
    assert seen == sorted(set(seen))
