"""Clips from the form to the last byte: who sees them, until when, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from contract.clock import SECOND_NS
from contract.errors import VideoRefusedError
from dashboard_api.clips.clip_worker import ClipWorker
from dashboard_api.video.service import VideoService
from school.audit.actor import Actor
from school.clips.records import LEFT_OUT, MAX_CLIP_S, NOT_CUT, TOO_LONG, VIDEO_GONE, Clip
from school.sharing.cut import Span
from school.video.alignment.clock_map import Segment
from school.video.maps import ClockMap, MappedSegment
from school.video.media import tasks
from tests.dashboard_api.conftest import Pages
from tests.dashboard_api.video.conftest import client, settings, uploads  # noqa: F401 (fixtures)
from tests.school.video.made_videos import made_video
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie
from tests.videos import add_video

CLIPS = "/lessons/sample/clips"
DAY_NS = 86_400 * SECOND_NS
FORM = {
    "title": "A question to all", "start": "0:10", "end": "0:20", "shows": "both",
    "person": COACH, "until": "2025-11-28", "consent": "yes",
}  # fmt: skip
FILM = b"\0\0\0\x18ftypisom" + bytes(range(256)) * 12_000


@dataclass
class Cutting:
    """What the child process would make of a span."""

    asked: list[tuple[float, float, str]]
    made: bytes
    fails: Exception | None = None

    def cut(
        self, source: Any, sink: Any, start_s: float, end_s: float, *, shows: str, progress: Any
    ) -> None:
        assert source.read_at(4, 4) == b"ftyp"
        progress(0.5)
        if self.fails is not None:
            raise self.fails
        self.asked.append((start_s, end_s, shows))
        sink.write(self.made)


@pytest.fixture(scope="module")
def ten_seconds() -> bytes:
    return made_video(10.0, audio=None, size=(32, 32))


@pytest.fixture
def cutting(monkeypatch: pytest.MonkeyPatch, ten_seconds: bytes) -> Cutting:
    made = Cutting([], ten_seconds)
    monkeypatch.setattr(tasks, "cut", made.cut)
    return made


@dataclass
class Clips:
    """The teacher's browser, a coach's, and the worker beside them."""

    teacher: Pages
    coach: Pages
    stores: Any
    worker: ClipWorker

    @property
    def service(self) -> VideoService:
        found = self.teacher.app.state.videos
        assert isinstance(found, VideoService)
        return found

    def make(self, **other: Any) -> Any:
        return self.teacher.post(CLIPS, data=FORM | other)

    def cut(self) -> None:
        assert self.service.files is not None
        self.teacher.run(self.worker.work(self.service.files))

    def start_again(self) -> None:
        self.worker = ClipWorker(self.service, self.teacher.app.state.store_thread)

    def tidy(self) -> None:
        assert self.service.files is not None
        self.teacher.app.state.store_thread.people_clock.now_ns += 3_601 * SECOND_NS
        self.teacher.run(self.worker.tidy(self.service.files))

    def made(self, **other: Any) -> Clip:
        answer = self.make(**other)
        assert answer.status_code == 303, answer.text
        self.cut()
        return self.only()

    def only(self) -> Clip:
        (clip,) = self.stores.clips.of_lesson("sample")
        assert isinstance(clip, Clip)
        return clip

    def said(self) -> list[str]:
        """What the audit log says of the lesson, as its teacher reads it, the newest first."""
        entries = self.stores.audit.of_lesson("sample", 50)
        return [entry.sentence_on("sample") for entry in entries]

    def file_names(self) -> set[str]:
        files = self.service.files
        assert files is not None
        assert files.names() == set(files.keys.names())
        return files.names()


@pytest.fixture
def video(stores, uploads) -> Any:  # noqa: F811
    return add_video(stores.videos, uploads.files, "sample", FILM, container="mp4")


@pytest.fixture
def clips(client, stores, clock, filled, video, cutting) -> Iterator[Clips]:  # noqa: F811
    add_person(stores.people, COACH, "coach")
    add_person(stores.people, "another", "teacher", "coach", "administrator")
    worker = ClipWorker(client.app.state.videos, client.app.state.store_thread)
    with client.browser(cookie(stores.people, clock.utc_ns(), COACH)) as coach:
        yield Clips(client, coach, stores, worker)


def test_a_clip_is_cut_and_those_whom_its_teacher_chose_see_it(clips, cutting) -> None:
    clip = clips.made()
    assert cutting.asked == [(10.0, 20.0, "both")]
    assert (clip.state, clip.size, clip.person) == ("ready", len(cutting.made), TEACHER)
    assert "1 clip of a lesson is shown to you." in clips.coach.get("/").text
    listed = clips.coach.get("/clips").text
    assert "A question to all" in listed
    assert "until the end of 28 November 2025" in listed
    page = clips.coach.get(f"/clips/{clip.id}").text
    assert f'src="/clips/{clip.id}/video"' in page
    answer = clips.coach.get(f"/clips/{clip.id}/video", headers={"range": "bytes=4-7"})
    assert (answer.status_code, answer.content) == (206, cutting.made[4:8])
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["cache-control"] == "private, no-store"
    assert clips.teacher.get(f"/clips/{clip.id}/video").content == cutting.made


def test_who_sees_a_clip_sees_nothing_else_of_the_lesson(clips) -> None:
    clip = clips.made()
    for path in ("", "/video", "/clips", "/moments", "/table"):
        assert clips.coach.get(f"/lessons/sample{path}").status_code == 404
    page = clips.coach.get(f"/clips/{clip.id}").text
    assert "/lessons/" not in page
    assert clips.coach.post(f"{CLIPS}/{clip.id}/delete").status_code == 404


def test_somebody_else_finds_no_clip_whatever_their_role(clips, stores, clock) -> None:
    clip = clips.made()
    with clips.teacher.browser(cookie(stores.people, clock.utc_ns(), "another")) as another:
        for path in ("", "/video"):
            answer = another.get(f"/clips/{clip.id}{path}")
            missing = another.get(f"/clips/{'0' * 32}{path}")
            assert (answer.status_code, answer.text) == (404, missing.text)
        assert "A question" not in another.get("/clips").text
    with clips.teacher.browser() as nobody:
        assert nobody.get(f"/clips/{clip.id}/video").status_code == 401


def test_the_audit_log_has_who_agreed_and_who_watched(clips) -> None:
    clip = clips.made()
    clips.coach.get(f"/clips/{clip.id}/video")
    clips.teacher.post(f"{CLIPS}/{clip.id}/delete")
    assert clips.said()[:4] == [
        "The-teacher removed a clip of this lesson for good, because they asked for it",
        "The-coach looked at a clip of this lesson",
        "The-teacher shows a clip of this lesson to the-coach for 10 days",
        (
            "The-teacher cut a clip of this lesson and confirmed whose faces and voices are in it: "
            "minutes 0:10 to 0:20"
        ),
    ]


def test_a_deleted_clip_is_gone_at_once_and_its_key_first(clips, video, monkeypatch) -> None:
    clip = clips.made()
    assert clips.file_names() == {video.file, clip.file}
    monkeypatch.setattr(clips.stores.clips, "remove", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        clips.teacher.post(f"{CLIPS}/{clip.id}/delete")
    assert clips.file_names() == {video.file}
    assert clips.coach.get(f"/clips/{clip.id}/video").status_code == 404
    monkeypatch.undo()
    clips.tidy()
    assert clips.stores.clips.of_lesson("sample") == []
    assert "because its key was gone" in clips.said()[0]


def test_a_clip_ends_for_one_person_at_once(clips) -> None:
    clip = clips.made()
    ended = clips.teacher.post(f"{CLIPS}/{clip.id}/viewers/{COACH}/end")
    assert ended.status_code == 303
    assert clips.coach.get(f"/clips/{clip.id}/video").status_code == 404
    assert "You alone see it." in clips.teacher.get(CLIPS).text


def test_a_long_answer_breaks_off_when_the_clip_is_deleted(clips, monkeypatch, cutting) -> None:
    monkeypatch.setattr("dashboard_api.video.ranges._LOOK_EACH_S", 0.0)
    cutting.made += bytes(3 << 20)
    clip = clips.made()
    store = clips.teacher.app.state.store_thread
    plain = clips.coach.get(f"/clips/{clip.id}/video").content
    assert len(plain) == len(cutting.made)
    asked = 0
    run = store.run

    async def run_later(query: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 4:  # signed in, found, looked once
            await run(lambda stores: clips.service.clips(stores).remove(clip, BY, "by_hand"))
        return await run(query)

    monkeypatch.setattr(store, "run", run_later)
    assert 0 < len(clips.coach.get(f"/clips/{clip.id}/video").content) < len(plain)


def test_after_its_last_day_nobody_sees_it_and_it_goes(clips, clock, video) -> None:
    clip = clips.made()
    clock.now_ns += clip.until_utc_ns - clock.utc_ns() - 1
    assert clips.stores.clips.shown_to(COACH, clock.utc_ns(), clip.id)
    clock.now_ns += 1
    assert clips.stores.clips.shown_to(COACH, clock.utc_ns(), clip.id) == []
    clips.tidy()
    assert clips.stores.clips.of_lesson("sample") == []
    assert clips.file_names() == {video.file}
    assert clips.said()[0].endswith("because its last day was over")


def test_a_hidden_lesson_s_clips_wait(clips) -> None:
    clip = clips.made()
    clips.teacher.post("/lessons/sample/hide")
    assert clips.coach.get(f"/clips/{clip.id}").status_code == 404
    clips.teacher.post("/lessons/sample/unhide")
    assert clips.coach.get(f"/clips/{clip.id}").status_code == 200


def test_clips_go_with_the_video_that_their_teacher_deletes(clips) -> None:
    clips.made()
    assert clips.teacher.request("DELETE", "/api/lessons/sample/video").status_code == 204
    assert clips.file_names() == set()
    assert any("the video that it was cut from was removed" in each for each in clips.said())


def test_a_lesson_that_is_someone_else_s_now_shows_no_clip_of_its_former_owner(
    clips, stores
) -> None:
    clip = clips.made()
    stores.sharing.handovers.offer("sample", "another", replace(BY, person=TEACHER))
    stores.sharing.handovers.accept("sample", replace(BY, person="another"))
    assert clips.coach.get(f"/clips/{clip.id}/video").status_code == 404
    clips.tidy()
    assert stores.clips.of_lesson("sample") == []
    assert "because the teacher who cut it does not have the lesson any more" in clips.said()[0]


def test_a_clip_that_goes_while_its_page_is_made_is_not_found(clips, stores, monkeypatch) -> None:
    clip = clips.made()
    answers = [[clip], []]
    monkeypatch.setattr(stores.clips, "shown_to", lambda *_: answers.pop(0))
    assert clips.coach.get(f"/clips/{clip.id}").status_code == 404
    assert answers == []


def test_a_lesson_and_a_person_have_so_many_clips_and_no_more(clips, monkeypatch) -> None:
    monkeypatch.setattr("school.clips.clip_keeping.MAX_OF_LESSON", 2)
    first = clips.made(end="0:15")  # refused: it counts no more
    assert first.state == "refused"
    for _ in range(2):
        assert clips.make().status_code == 303
    assert "There are 2 clips of this lesson" in clips.make().text
    monkeypatch.setattr("school.clips.clip_keeping.MAX_OF_PERSON", 2)
    monkeypatch.setattr("school.clips.clip_keeping.MAX_OF_LESSON", 3)
    assert "You have 2 clips of your lessons" in clips.make().text


@pytest.mark.parametrize(
    ("given", "sentence"),
    (
        ({"end": "5:11"}, "A clip has 5 minutes at most"),
        ({"start": "1:15", "end": "1:25"}, "not all in the video"),
        ({"start": "0:20", "end": "0:10"}, "must end after it begins"),
        ({"start": "ten"}, "as minutes and seconds"),
        ({"consent": ""}, "Confirm whose faces and voices"),
        ({"person": []}, "Choose who sees it"),
        ({"person": [], "cohort": "yes"}, "Choose who sees it"),  # their teacher is in none
        ({"person": TEACHER}, "Choose who sees it"),
        ({"person": "nobody-there"}, "Choose who sees it"),
        ({"title": "  "}, "Write what it shows"),
        ({"until": "2025-11-17"}, "The last day must be today or later"),
    ),
)
def test_what_can_t_be_is_refused_with_a_sentence(clips, given, sentence) -> None:
    answer = clips.make(**given)
    assert answer.status_code == 422
    (said,) = re.findall(r'<p class="trouble" role="alert">(.*?)</p>', answer.text)
    assert sentence in said
    assert clips.stores.clips.of_lesson("sample") == []


def test_a_clip_for_a_cohort_alone_needs_nobody_else(clips, stores) -> None:
    path = "/lessons/sample/clips"
    assert "I show it in a cohort" not in clips.teacher.get(path).text
    cohort = stores.cohorts.make("Wait time", "Think first", BY)
    stores.cohorts.invite(cohort, TEACHER, BY)
    stores.cohorts.join(cohort, Actor(name=TEACHER, utc_ns=1, person=TEACHER))
    assert "I show it in a cohort" in clips.teacher.get(path).text
    assert "Choose who sees it" in clips.make(person=[]).text
    assert clips.make(person=[], cohort="yes").status_code == 303
    (clip,) = stores.clips.of_lesson("sample")
    assert stores.clips.viewers([clip]) == {clip.id: []}


def test_a_span_touching_what_was_left_out_is_refused(clips, stores, video) -> None:
    stores.sharing.teacher.exclude("sample", Span(18, 40), "fire_drill", "", BY)
    assert "line it up first" in clips.make().text
    lined_up = MappedSegment(Segment(0.0, 60.0, 5.0), 0.3)
    stores.clock_maps.add(
        ClockMap(
            lesson="sample", video=video.id, method="points", state="accepted",
            segments=(lined_up,), made_utc_ns=1,
        )
    )  # fmt: skip
    assert "touches one that you left out" in clips.make().text
    assert "touches one that you left out" in clips.make(end="0:18").text  # ± 0.3 s
    assert "camera was off in this part" in clips.make(start="0:50", end="1:05").text
    clip = clips.made(end="0:17")
    assert (clip.start_s, clip.end_s) == (15.0, 22.0)


EXCLUSION = {"start": "0:18", "end": "0:40", "reason": "fire_drill", "note": ""}


def line_up(stores: Any, video: Any, offset_s: float) -> None:
    stores.clock_maps.add(
        ClockMap(
            lesson="sample", video=video.id, method="points", state="accepted",
            segments=(MappedSegment(Segment(0.0, 600.0, offset_s), 0.3),), made_utc_ns=1,
        )
    )  # fmt: skip


@pytest.mark.parametrize("is_cut", (True, False))
def test_a_clip_ends_at_once_when_a_part_of_it_is_left_out(clips, stores, video, is_cut) -> None:
    line_up(stores, video, 5.0)
    clip = clips.made() if is_cut else clips.make() and clips.only()
    assert clips.teacher.post("/lessons/sample/exclusions", data=EXCLUSION).status_code == 303
    assert clips.coach.get(f"/clips/{clip.id}/video").status_code == 404
    assert clips.coach.get(f"/clips/{clip.id}").status_code == 404
    assert clips.file_names() == {video.file}
    assert clips.only().refusal == LEFT_OUT
    assert "You left out a part of the lesson" in clips.teacher.get(CLIPS).text
    assert "because a part that is in it was left out" in clips.said()[0]
    clips.cut()
    clips.tidy()
    assert clips.only().refusal == LEFT_OUT


def test_a_clip_beside_what_is_left_out_stays(clips, stores, video) -> None:
    line_up(stores, video, 5.0)
    clip = clips.made(start="0:07", end="0:17")
    clips.teacher.post("/lessons/sample/exclusions", data=EXCLUSION)
    assert clips.coach.get(f"/clips/{clip.id}/video").status_code == 200


def test_what_is_left_out_may_be_in_any_clip_of_a_video_that_is_not_lined_up(clips, video) -> None:
    clips.made()
    clips.teacher.post("/lessons/sample/exclusions", data=EXCLUSION | {"start": "0:30"})
    assert clips.only().refusal == LEFT_OUT
    assert clips.file_names() == {video.file}


def test_a_clip_that_a_better_line_up_shows_to_have_what_was_left_out_goes(
    clips, stores, video
) -> None:
    line_up(stores, video, 5.0)
    clips.made(start="0:07", end="0:17")
    clips.teacher.post("/lessons/sample/exclusions", data=EXCLUSION)
    line_up(stores, video, 0.0)
    clips.tidy()
    assert clips.only().refusal == LEFT_OUT


def test_a_clip_that_is_left_out_while_it_is_cut_keeps_its_reason(clips, cutting, video) -> None:
    clips.make()
    cut = cutting.cut

    def left_out(source: Any, sink: Any, *span: Any, **more: Any) -> None:
        clips.service.clips(clips.stores).withdraw(clips.only(), BY)
        cut(source, sink, *span, **more)

    tasks.cut = left_out  # the fixture puts it back
    clips.cut()
    assert clips.only().refusal == LEFT_OUT
    assert clips.file_names() == {video.file}


def test_what_comes_out_longer_than_its_span_is_refused_and_destroyed(clips, video) -> None:
    clip = clips.made(end="0:15")  # the film that is made has ten seconds
    assert (clip.state, clip.refusal) == ("refused", TOO_LONG)
    assert clips.file_names() == {video.file}
    assert "longer than its span" in clips.teacher.get(CLIPS).text
    assert clips.coach.get(f"/clips/{clip.id}").status_code == 404


def test_what_can_t_be_cut_is_refused_and_destroyed(clips, cutting, video) -> None:
    cutting.fails = VideoRefusedError("This video can't be read.")
    assert clips.made().refusal == "This video can't be read."
    assert clips.file_names() == {video.file}


def test_a_video_that_went_meanwhile_leaves_no_clip(clips, stores, video) -> None:
    clips.make()
    stores.videos.remove(video, BY, "kept_long_enough")
    clips.cut()
    assert clips.only().refusal == VIDEO_GONE


def test_a_clip_that_is_deleted_while_it_is_cut_leaves_nothing(clips, cutting, video) -> None:
    clips.make()
    cut = cutting.cut

    def deleted(source: Any, sink: Any, *span: Any, **more: Any) -> None:
        files = clips.service.files
        assert files is not None
        files.destroy(clips.only().file)
        cut(source, sink, *span, **more)

    tasks.cut = deleted  # the fixture puts it back
    clips.cut()
    assert clips.stores.clips.of_lesson("sample") == []
    assert clips.file_names() == {video.file}


def test_a_cut_that_was_interrupted_begins_again(clips, cutting) -> None:
    cutting.fails = OSError("the disk is away")
    assert clips.made().state == "waiting"
    cutting.fails = None
    clips.cut()  # not before a while is over
    assert clips.only().state == "waiting"
    clips.start_again()
    clips.cut()
    assert clips.only().state == "ready"


@pytest.mark.parametrize("trouble", (OSError("the disk is away"), RuntimeError("a fault")))
def test_one_clip_that_can_t_be_cut_holds_up_no_other(clips, cutting, trouble, monkeypatch) -> None:
    monkeypatch.setattr("dashboard_api.video.in_turn._AGAIN_S", 0.0)
    clips.make(title="the first", start="0:02", end="0:12")
    clips.teacher.app.state.store_thread.people_clock.now_ns += SECOND_NS
    clips.make(title="the second")
    cut = cutting.cut

    def fails_once(source: Any, sink: Any, start_s: float, *span: Any, **more: Any) -> None:
        if start_s == 2.0:
            raise trouble
        cut(source, sink, start_s, *span, **more)

    monkeypatch.setattr(tasks, "cut", fails_once)
    states = []
    for _ in range(3):
        clips.cut()
        states.append([each.state for each in clips.stores.clips.every()])
    assert states == [["waiting", "ready"], ["waiting", "ready"], ["refused", "ready"]]
    assert clips.stores.clips.every()[0].refusal == NOT_CUT
    assert "failed three times" in clips.teacher.get(CLIPS).text


def test_nothing_of_a_clip_is_plain_on_the_disk(clips, cutting, tmp_path: Path) -> None:
    clips.made()
    found = [
        path for path in tmp_path.rglob("*.video") if cutting.made[40:200] in path.read_bytes()
    ]
    assert len(list(tmp_path.rglob("*.video"))) == 2
    assert found == []


def test_the_sweep_of_videos_leaves_clips_alone(clips, video) -> None:
    from dashboard_api.video.tidying import Tidying  # noqa: PLC0415

    clip = clips.made()
    store = clips.teacher.app.state.store_thread
    tidying = Tidying(clips.service, store)
    clips.teacher.run(tidying.run(clips.service.files))
    assert clip.file in clips.file_names()


def test_a_clip_of_the_sound_alone_plays_as_sound(clips, cutting) -> None:
    clip = clips.made(shows="sound")
    assert cutting.asked[0][2] == "sound"
    assert "<audio" in clips.coach.get(f"/clips/{clip.id}").text
    answer = clips.coach.request("HEAD", f"/clips/{clip.id}/video")
    assert answer.headers["content-type"] == "audio/mp4"


def test_the_longest_clip_is_as_the_page_says(clips) -> None:
    assert f"{MAX_CLIP_S // 60} minutes at most" in clips.teacher.get(CLIPS).text
