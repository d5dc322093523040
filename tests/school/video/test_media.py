"""The three tasks on real files, in real child processes."""

from __future__ import annotations

import io
import math
import sys
from dataclasses import replace
from typing import Any

import av
import numpy as np
import pytest

from contract.errors import NoSoundError, VideoRefusedError
from school.video.media import conversation
from school.video.media.records import Probe
from school.video.media.tasks import LIMITS, convert, probe, sound_levels
from tests.school.video.made_videos import Bytes, Sink, made_video, tone

HEVC: dict[str, Any] = {"video": "libx265", "size": (2560, 1440), "seconds": 1.0}


def converted(source: bytes, shown: list[float] | None = None) -> bytes:
    sink = Sink()
    convert(Bytes(source), sink, None if shown is None else shown.append)
    return bytes(sink.data)


@pytest.mark.parametrize(
    ("how", "container", "codecs", "plays"),
    (
        ({}, "mp4", ("h264", "aac"), True),
        ({"audio": None}, "mp4", ("h264", None), True),
        ({"options": {"movflags": "frag_keyframe+empty_moov"}}, "mp4", ("h264", "aac"), True),
        ({"options": {"moov_size": "20000"}}, "mp4", ("h264", "aac"), True),
        ({"format": "mov"}, "mov", ("h264", "aac"), False),
        ({"video": "libx265"}, "mp4", ("hevc", "aac"), False),
        (
            {"format": "webm", "video": "libvpx-vp9", "audio": "libopus"},
            "webm",
            ("vp9", "opus"),
            True,
        ),
        ({"pix_fmt": "yuv444p"}, "mp4", ("h264", "aac"), False),
    ),
)
def test_probe_says_what_a_video_is(
    how: dict[str, Any], container: str, codecs: tuple[str, str | None], plays: bool
) -> None:
    found = probe(Bytes(made_video(**how)))
    assert (found.container, found.video_codec, found.audio_codec) == (container, *codecs)
    assert found.plays_in_browsers is plays
    assert found.duration_s == pytest.approx(4.0, abs=0.05)
    assert (found.width, found.height) == (160, 120)


def test_probe_says_when_it_was_recorded() -> None:
    made = made_video(format="mov", metadata={"creation_time": "2026-01-02T03:04:05Z"})
    assert probe(Bytes(made)).recorded_utc_ns == 1_767_323_045_000_000_000
    assert not probe(Bytes(made)).is_start_recorded
    assert probe(Bytes(made_video())).recorded_utc_ns is None
    both = {
        "com.apple.quicktime.creationdate": "2026-01-02T04:04:05+0100",
        "creation_time": "2026-01-02T03:50:00Z",
    }
    tagged = {"movflags": "use_metadata_tags"}
    found = probe(Bytes(made_video(format="mov", metadata=both, options=tagged)))
    assert (found.recorded_utc_ns, found.is_start_recorded) == (1_767_323_045_000_000_000, True)


def test_levels_follow_the_sound_in_tenths_of_a_second() -> None:
    sound = tone(3.0, lambda at: 0.5 if at < 1.0 else 0.05)
    found = sound_levels(Bytes(made_video(3.0, format="mov", audio="pcm_s16le", sound=sound)))
    assert found.step_s == 0.1
    assert found.level_db.shape == (30,)
    # A sine's level is 3 dB below its peak's; A-weighting leaves 1 kHz as it is.
    loud = 20 * math.log10(0.5) - 3.01
    assert np.allclose(found.level_db[:10], loud, atol=0.1)
    assert np.allclose(found.level_db[10:], loud - 20.0, atol=0.1)


def test_levels_of_a_compressed_sound_keep_their_place() -> None:
    sound = tone(3.0, lambda at: 0.5 if at < 1.0 else 0.02)
    level_db = sound_levels(Bytes(made_video(3.0, sound=sound))).level_db
    assert level_db.shape == (30,)
    assert int(np.argmin(np.diff(level_db[2:14]))) + 2 == 9  # it falls between 0.9 and 1.0 s


def test_where_a_recording_has_a_pause_its_levels_are_missing() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as made:
        picture = made.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        voice = made.add_stream("aac", rate=48_000, layout="mono")
        for number in range(60):
            image = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            image.pts = number
            made.mux(picture.encode(image))
        made.mux(picture.encode(None))
        samples = tone(4.0, lambda _: 0.3)
        for start in range(0, samples.size - 1023, 1024):
            frame = av.AudioFrame.from_ndarray(
                samples[None, start : start + 1024], format="fltp", layout="mono"
            )
            frame.sample_rate, frame.pts = 48_000, start + (96_000 if start >= 96_000 else 0)
            made.mux(voice.encode(frame))
        made.mux(voice.encode(None))
    level_db = sound_levels(Bytes(file.getvalue())).level_db
    assert level_db.size in (59, 60)
    assert np.isfinite(level_db[:19]).all()
    assert np.isnan(level_db[21:39]).all()
    assert np.isfinite(level_db[42:58]).all()


def test_no_sound_is_said_and_the_video_is_one_all_the_same() -> None:
    with pytest.raises(NoSoundError, match="no sound"):
        sound_levels(Bytes(made_video(audio=None)))
    silent = made_video(format="mov", audio="pcm_s16le", sound=np.zeros(4 * 48_000, np.float32))
    with pytest.raises(NoSoundError, match="no sound"):
        sound_levels(Bytes(silent))


@pytest.mark.slow
def test_what_browsers_cannot_play_is_converted() -> None:
    shown: list[float] = []
    made = converted(made_video(**HEVC), shown)
    found = probe(Bytes(made))
    assert (found.container, found.video_codec, found.audio_codec) == ("mp4", "h264", "aac")
    assert (found.width, found.height) == (1920, 1080)
    assert found.plays_in_browsers
    assert found.duration_s == pytest.approx(1.0, abs=0.15)
    assert shown == sorted(shown)
    assert shown[-1] > 0.5
    assert made.find(b"mdat") < made.find(b"moov")
    assert int.from_bytes(made[made.find(b"mdat") - 4 :][:4], "big") > 1000  # patched at the end


@pytest.mark.slow
def test_an_upright_picture_stays_upright() -> None:
    found = probe(Bytes(converted(made_video(**HEVC, rotation=90))))
    assert (found.width, found.height) == (1080, 1920)
    copied = probe(Bytes(converted(made_video(1.0, format="mov", rotation=90))))
    assert (copied.width, copied.height) == (120, 160)


def test_what_browsers_play_is_copied_and_only_the_rest_encoded() -> None:
    original = made_video(1.0, format="mov", audio="pcm_s16le")

    def pictures(data: bytes) -> list[bytes]:
        with av.open(io.BytesIO(data)) as opened:
            return [bytes(packet) for packet in opened.demux(video=0) if packet.size]

    made = converted(original)
    assert pictures(made) == pictures(original)
    assert probe(Bytes(made)).audio_codec == "aac"


@pytest.mark.slow
def test_levels_are_the_same_after_a_conversion() -> None:
    sound = tone(3.0, lambda at: 0.5 if at < 1.3 else 0.02)
    original = made_video(3.0, format="mov", video="libx265", audio="pcm_s16le", sound=sound)
    before = sound_levels(Bytes(original)).level_db
    after = sound_levels(Bytes(converted(original))).level_db
    assert np.abs(before[:29] - after[:29]).mean() < 1.0


@pytest.mark.slow
def test_a_recording_of_a_browser_that_has_no_length_is_made_one_that_has() -> None:
    how = {"format": "webm", "video": "libvpx", "audio": "libopus", "options": {"live": "1"}}
    open_ended = made_video(2.0, **how)
    found = probe(Bytes(open_ended))
    assert not found.plays_in_browsers
    assert found.duration_s == pytest.approx(2.0, abs=0.1)
    made: Probe = probe(Bytes(converted(open_ended)))
    assert made.plays_in_browsers
    assert made.video_codec == "h264"


def test_an_error_of_the_source_passes_through() -> None:
    class Failing(Bytes):
        def read_at(self, offset: int, count: int) -> bytes:
            if self.reads > 3:
                raise ConnectionError("the disk is gone")
            return super().read_at(offset, count)

    with pytest.raises(ConnectionError, match="disk"):
        sound_levels(Failing(made_video()))


def test_a_caller_that_gives_up_ends_the_child() -> None:
    def stop(_share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(Bytes(made_video(video="libx265")), Sink(), stop)


def test_a_caller_can_give_up_while_the_child_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(conversation, "_command", lambda *_: silent)
    shares: list[float] = []

    def stop(share: float) -> None:
        shares.append(share)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(
            Bytes(made_video()), Sink(), stop, limits=replace(LIMITS["convert"], silence_s=10.0)
        )
    assert shares == [0.0]


def test_every_refusal_is_one_sentence_or_two() -> None:
    from school.video.media.sentences import _SENTENCES, refusal  # noqa: PLC0415

    for reason, sentence in _SENTENCES.items():
        assert sentence.endswith(".")
        assert isinstance(refusal(reason), VideoRefusedError)
    assert str(refusal("what the child made up")) == _SENTENCES["damaged"]
