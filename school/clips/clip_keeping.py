"""What is done with clips: asked for, and removed for good. Their sealed files are where videos are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from contract.errors import UsageError
from contract.language import N_, _, ngettext
from school.audit.actor import Actor
from school.clips.clip_store import ClipStore
from school.clips.records import (
    LEFT_OUT,
    LONGEST_TITLE,
    MAX_CLIP_S,
    MAX_OF_LESSON,
    MAX_OF_PERSON,
    MAX_VIEWERS,
    Clip,
)
from school.video.alignment.clock_map import to_lesson, to_video
from school.video.files import VideoFiles, new_name
from school.video.maps import ClockMap
from school.video.media.records import Shows
from school.video.records import Reason, Video, consent_hash

__all__ = ["CLIP_CONSENT", "ClipKeeper", "Span", "WantedClip", "may_show", "video_span"]

CLIP_CONSENT: Final = N_(
    "I have watched this part of the video. I know whose faces and voices are in it, I may show them "
    "to these people until this day, and nobody in it who said no can be recognised."
)
"""What a teacher confirms before a clip is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedClip:
    """What a teacher asks for. `start_s` and `end_s` are by the video's time."""

    title: str
    start_s: float
    end_s: float
    shows: Shows
    viewers: Collection[str]
    until_utc_ns: int


class Span(NamedTuple):
    """A part of a lesson, in its seconds."""

    start_s: float
    end_s: float


def video_span(
    span: Span, video: Video, clock_map: ClockMap | None, left_out: Sequence[Span]
) -> tuple[float, float]:
    """Where a span of the lesson is in its video; raises UsageError if it can't be a clip.

    Without a map nobody knows where the lesson is, and the times are the video's own.
    """
    length = span.end_s - span.start_s
    if length > MAX_CLIP_S:
        n = MAX_CLIP_S // 60
        raise UsageError(
            ngettext(
                "A clip has {n} minute at most: choose the part that you want to talk about.",
                "A clip has {n} minutes at most: choose the part that you want to talk about.",
                n,
            )
        )
    if clock_map is None:
        if left_out:
            raise UsageError(
                _(
                    "You left out a part of this lesson, and the video is not lined up with it: line "
                    "it up first, so that the part can’t be in the clip."
                )
            )
        start_s, end_s = float(span.start_s), float(span.end_s)
    else:
        start_s, end_s = _mapped(span, clock_map)
        if _touches(span, clock_map, left_out):
            raise UsageError(
                _("This part touches one that you left out of the lesson: choose another.")
            )
    if start_s < 0 or end_s > video.duration_s:
        raise UsageError(
            _("This part is not all in the video: choose one between its beginning and its end.")
        )
    return start_s, end_s


def may_show(clip: Clip, clock_map: ClockMap | None, left_out: Sequence[Span]) -> bool:
    """Whether a clip may have in it what its teacher left out.

    Where nobody knows which part of the lesson a clip is, any part that is left out may be in it.
    """
    if not left_out:
        return False
    if clock_map is None:
        return True
    segments = [each.segment for each in clock_map.segments]
    start_s, end_s = to_lesson(segments, clip.start_s), to_lesson(segments, clip.end_s)
    if start_s is None or end_s is None:
        return True
    return _touches(Span(start_s, end_s), clock_map, left_out)


def _touches(span: Span, clock_map: ClockMap, left_out: Sequence[Span]) -> bool:
    """Whether a span touches one of others, as surely as the map knows."""
    start_s, end_s = span.start_s - clock_map.plus_minus_s, span.end_s + clock_map.plus_minus_s
    return any(out.start_s < end_s and start_s < out.end_s for out in left_out)


def _mapped(span: Span, clock_map: ClockMap) -> tuple[float, float]:
    segments = [each.segment for each in clock_map.segments]
    start_s = to_video(segments, float(span.start_s))
    if start_s is not None:
        end_s = start_s + (span.end_s - span.start_s)
        # A span over a stop of the camera would be shorter in the video.
        there_s = to_lesson(segments, end_s)
        if there_s is not None and abs(there_s - span.end_s) < 1.0:
            return start_s, end_s
    raise UsageError(_("The camera was off in this part, or stopped in it: choose another."))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipKeeper:
    """The clips' records and their sealed files together: keys always go first."""

    store: ClipStore
    files: VideoFiles

    def begin(self, video: Video, wanted: WantedClip, by: Actor, *, wording: str) -> Clip:
        """A new clip of a lesson's video, which is cut later; raises UsageError."""
        title = " ".join(wanted.title.split())
        if not title or len(title) > LONGEST_TITLE:
            raise UsageError(_("Write what it shows, in {n} characters at most.", n=LONGEST_TITLE))
        if len(wanted.viewers) > MAX_VIEWERS:
            raise UsageError(_("Choose who sees it: {n} people at most.", n=MAX_VIEWERS))
        assert by.person is not None
        of_lesson, of_person = self.store.counts(video.lesson, by.person)
        if of_lesson >= MAX_OF_LESSON:
            raise UsageError(
                _("There are {n} clips of this lesson: delete one first.", n=MAX_OF_LESSON)
            )
        if of_person >= MAX_OF_PERSON:
            raise UsageError(
                _("You have {n} clips of your lessons: delete one first.", n=MAX_OF_PERSON)
            )
        clip = Clip(
            id=new_name(), lesson=video.lesson, person=by.person, title=title, video=video.id,
            start_s=wanted.start_s, end_s=wanted.end_s, shows=wanted.shows, file=new_name(),
            consent=consent_hash(wording), until_utc_ns=wanted.until_utc_ns,
            created_utc_ns=by.utc_ns,
        )  # fmt: skip
        # The record is first: a key without one would be in nobody's reach.
        self.store.add(clip, wanted.viewers, by)
        self.files.begin(clip.file)
        return clip

    def remove(self, clip: Clip, by: Actor, why: Reason) -> None:
        """Delete a clip for good, and leave an entry in the audit log."""
        self.files.destroy(clip.file)
        self.store.remove(clip, by, why)

    def refuse(self, clip: Clip, reason: str) -> None:
        """Delete what there is of a clip, and keep the reason for its teacher."""
        self.files.destroy(clip.file)
        self.store.settle(clip, state="refused", refusal=reason)

    def withdraw(self, clip: Clip, by: Actor) -> None:
        """Delete a clip with what its teacher left out, and keep the reason for them."""
        self.files.destroy(clip.file)
        self.store.withdraw(clip, LEFT_OUT, by, "left_out")

    def remove_of_lesson(self, lesson: str, by: Actor, why: Reason) -> None:
        """The lesson's video goes, and with it what was cut from it."""
        for clip in self.store.of_lesson(lesson):
            self.remove(clip, by, why)
