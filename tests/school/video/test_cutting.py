"""A clip of a video, cut in a real child process: the span alone, and nothing else of the file."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
import pytest

from contract.errors import NoSoundError, VideoRefusedError
from school.video.media.records import Shows
from school.video.media.tasks import cut, probe
from tests.school.video.made_videos import Bytes, Sink, made_video, tone

pytestmark = pytest.mark.slow


def clip_of(source: bytes, start_s: float, end_s: float, shows: Shows = "both") -> bytes:
    sink = Sink()
    cut(Bytes(source), sink, start_s, end_s, shows=shows)
    return bytes(sink.data)


def grey_levels(clip: bytes) -> list[float]:
    """Of each picture, at its right edge: what `made_video` counts there."""
    with av.open(io.BytesIO(clip)) as opened:
        return [float(frame.to_ndarray(format="gray")[60, -8]) for frame in opened.decode(video=0)]


def loudness(clip: bytes) -> list[float]:
    """The sound's RMS by tenths of a second."""
    with av.open(io.BytesIO(clip)) as opened:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in opened.decode(audio=0)])
    step = 4_800
    return [
        float(np.sqrt(np.mean(samples[at : at + step] ** 2)))
        for at in range(0, samples.size - step, step)
    ]


@pytest.fixture(scope="module")
def film() -> bytes:
    """Six seconds; between 2 s and 4 s it is loud."""
    sound = tone(6.0, lambda at: 0.5 if 2.0 <= at < 4.0 else 0.01)
    notes = {"location": "+48.1+11.5/", "creation_time": "2026-01-02T03:04:05Z", "comment": "7b"}
    return made_video(6.0, sound=sound, metadata=notes)


def test_a_clip_has_its_span_and_no_more(film: bytes) -> None:
    clip = clip_of(film, 2.0, 4.0)
    found = probe(Bytes(clip))
    assert found.duration_s == pytest.approx(2.0, abs=0.05)
    assert found.duration_s <= 2.03
    assert (found.video_codec, found.audio_codec, found.plays_in_browsers) == ("h264", "aac", True)
    levels = grey_levels(clip)
    assert len(levels) == 20
    # The picture counts by tenths of a second: 20 to 39 of the film.
    assert levels[0] == pytest.approx(grey_levels(film)[20], abs=3)
    assert levels[-1] == pytest.approx(grey_levels(film)[39], abs=3)
    assert min(loudness(clip)[1:-1]) > 0.2


def test_what_is_loud_outside_of_the_span_is_not_in_it(film: bytes) -> None:
    assert max(loudness(clip_of(film, 4.2, 5.8))[1:-1]) < 0.05


@pytest.mark.parametrize(("start_s", "end_s"), ((0.0, 1.0), (0.35, 0.95), (5.0, 6.0)))
def test_a_clip_from_anywhere_is_never_longer_than_asked(
    film: bytes, start_s: float, end_s: float
) -> None:
    with av.open(io.BytesIO(clip_of(film, start_s, end_s))) as opened:
        assert opened.duration is not None
        assert opened.duration / 1e6 == pytest.approx(end_s - start_s, abs=0.12)
        assert opened.duration / 1e6 <= end_s - start_s + 0.03


def test_a_clip_without_its_sound_or_its_picture(film: bytes) -> None:
    silent = probe(Bytes(clip_of(film, 1.0, 3.0, "picture")))
    assert (silent.video_codec, silent.audio_codec) == ("h264", None)
    with av.open(io.BytesIO(clip_of(film, 1.0, 3.0, "sound"))) as opened:
        assert [stream.type for stream in opened.streams] == ["audio"]


def test_nothing_that_the_camera_wrote_is_in_a_clip(film: bytes) -> None:
    with av.open(io.BytesIO(film)) as opened:
        assert opened.metadata["comment"] == "7b"
    clip = clip_of(film, 1.0, 2.0)
    with av.open(io.BytesIO(clip)) as opened:
        assert not {"location", "creation_time", "comment"} & set(opened.metadata)
    assert b"+48.1" not in clip


def test_no_piece_of_the_source_is_copied(film: bytes) -> None:
    """Also a picture that browsers play already is encoded again."""
    with av.open(io.BytesIO(film)) as opened:
        pieces = [bytes(packet) for packet in opened.demux(video=0) if packet.size > 60]
    clip = clip_of(film, 0.0, 6.0)
    assert pieces
    assert not [piece for piece in pieces if piece in clip]


@pytest.mark.parametrize(
    "how",
    (
        {"format": "webm", "video": "libvpx-vp9", "audio": "libopus"},
        {"format": "mov", "video": "libx265"},
        {"rotation": 90},
    ),
)
def test_clips_of_other_videos(how: dict[str, Any]) -> None:
    found = probe(Bytes(clip_of(made_video(4.0, **how), 1.0, 3.0)))
    assert found.duration_s == pytest.approx(2.0, abs=0.12)
    assert found.plays_in_browsers
    assert (found.width, found.height) == ((120, 160) if "rotation" in how else (160, 120))


def test_a_clip_of_the_sound_needs_a_sound() -> None:
    with pytest.raises(VideoRefusedError, match="no sound") as refused:
        clip_of(made_video(2.0, audio=None), 0.0, 1.0, "sound")
    assert not isinstance(refused.value, NoSoundError)


def test_a_span_behind_the_end_is_refused(film: bytes) -> None:
    with pytest.raises(VideoRefusedError):
        clip_of(film, 20.0, 22.0)


def test_a_video_that_begins_late_is_cut_where_it_was_lined_up(film: bytes) -> None:
    """As a camera writes it that has no zero: players count from the first picture."""
    late, by = io.BytesIO(), 5
    with av.open(io.BytesIO(film)) as opened, av.open(late, "w", format="mp4") as made:
        lines = {each.index: made.add_stream_from_template(each) for each in opened.streams}
        for packet in opened.demux():
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            packet.pts += int(by / packet.time_base)
            packet.dts += int(by / packet.time_base)
            packet.stream = lines[packet.stream.index]
            made.mux(packet)
    with av.open(io.BytesIO(late.getvalue())) as opened:
        assert opened.start_time == pytest.approx(by * 1_000_000, abs=200_000)
    clip = clip_of(late.getvalue(), 2.0, 4.0)
    assert grey_levels(clip)[0] == pytest.approx(grey_levels(film)[20], abs=3)
    assert min(loudness(clip)[1:-1]) > 0.2
