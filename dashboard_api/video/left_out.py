"""Ends clips with a part that their teacher left out of the lesson after they were cut."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard_api.video.service import VideoService
from dashboard_api.web.store_thread import Stores
from school.audit.actor import Actor
from school.clips.clip_keeping import Span, may_show
from school.clips.records import Clip
from school.video.maps import current

__all__ = ["end_left_out"]


def end_left_out(stores: Stores, videos: VideoService, clips: Sequence[Clip], by: Actor) -> None:
    """Delete those of some clips in which a part may be that is left out now.

    Where the server keeps no videos, none is shown; it looks again at its next start.
    """
    there = [clip for clip in clips if clip.state != "refused"]
    if not there or videos.files is None:
        return
    left_out = stores.sharing.teacher.left_out(sorted({clip.lesson for clip in there}))
    for clip in there:
        spans = [Span(each.start_s, each.end_s) for each in left_out.get(clip.lesson, ())]
        clock_map, _proposed = current(stores.clock_maps.of_video(clip.lesson, clip.video))
        if may_show(clip, clock_map, spans):
            videos.clips(stores).withdraw(clip, by)
