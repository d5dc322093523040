"""Files that are no videos, or that mean harm: each is refused in a sentence, and nothing else happens."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from contract.errors import VideoRefusedError
from school.video.media.containers import container_of
from school.video.media.tasks import LIMITS, convert, probe, sound_levels
from tests.school.video.made_videos import Bytes, Sink, made_video


class Zeros:
    """4 GB of zeros that are nowhere."""

    size = 4 << 30

    def read_at(self, offset: int, count: int) -> bytes:
        return bytes(min(count, self.size - offset))


class Behind:
    """A good head, then as many zeros as one wants."""

    def __init__(self, head: bytes, size: int) -> None:
        self.head, self.size = head, size

    def read_at(self, offset: int, count: int) -> bytes:
        count = max(min(count, self.size - offset), 0)
        part = self.head[offset : offset + count]
        return part + bytes(count - len(part))


def box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def test_zeros_are_refused_at_once() -> None:
    with pytest.raises(VideoRefusedError, match="not a video"):
        probe(Zeros())


def test_zeros_in_a_box_that_fits_are_refused() -> None:
    size = 4 << 30
    head = box(b"ftyp", b"isom\0\0\2\0isommp41") + b"\0\0\0\1mdat" + (size - 24).to_bytes(8, "big")
    with pytest.raises(VideoRefusedError, match="cut off"):
        probe(Behind(head, size))


@pytest.mark.parametrize(
    ("data", "words"),
    (
        (b"", "not a video"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a video"),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/secret.mp4\n", "list of other files"),
        (b"\xef\xbb\xbf#EXTM3U\n/etc/passwd\n", "list of other files"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "list of other files"),
        (b"<?xml version='1.0'?><MPD/>", "list of other files"),
        (b"RIFF\x00\x00\x00\x00AVI LIST" + bytes(100), "not a video"),
        (b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska" + bytes(50), "is of a kind"),
        (b"\x1a\x45\xdf\xa3", "damaged"),
        (b"\0\0\0\x08ftyp", "cut off"),
    ),
)
def test_what_is_no_video_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(VideoRefusedError, match=words):
        probe(Bytes(data))


@pytest.mark.parametrize("share", (0.1, 0.5, 0.9, 0.999))
@pytest.mark.parametrize("options", ({}, {"moov_size": "20000"}))
def test_a_file_that_was_cut_off_is_refused(share: float, options: dict[str, str]) -> None:
    made = made_video(options=options)  # what describes the rest at the end, or at the start
    with pytest.raises(VideoRefusedError, match="cut off"):
        probe(Bytes(made[: int(len(made) * share)]))


def test_a_webm_that_was_cut_off_is_refused() -> None:
    made = made_video(format="webm", video="libvpx", audio="libopus")
    with pytest.raises(VideoRefusedError, match="cut off"):
        probe(Bytes(made[: len(made) // 2]))


def test_a_file_that_lies_about_its_length_is_refused() -> None:
    made = bytearray(made_video(60.0, fps=2))
    at = made.find(b"mvhd")
    # Version, flags, two times, the scale, then the length; the same in each track's heads.
    made[at + 20 : at + 24] = (int.from_bytes(made[at + 16 : at + 20], "big") * 36_000).to_bytes(
        4, "big"
    )
    for kind, offset in ((b"tkhd", 24), (b"mdhd", 20)):
        at = -1
        while (at := made.find(kind, at + 1)) >= 0:
            made[at + offset : at + offset + 4] = b"\x7f\xff\xff\xff"
    with pytest.raises(VideoRefusedError, match="not as long as it says"):
        probe(Bytes(bytes(made)))


def test_sound_alone_is_refused() -> None:
    with pytest.raises(VideoRefusedError, match="no picture"):
        probe(Bytes(made_video(video=None)))


def test_a_picture_with_sound_is_no_video() -> None:
    """Cover art is a stream of pictures, too."""
    with pytest.raises(VideoRefusedError, match="not a video"):
        probe(Bytes(made_video(format="mp3", video=None, audio="libmp3lame")))


def with_reference(made: bytes, reference: bytes) -> bytes:
    """The same MP4, whose first data reference is another; the sizes of all boxes around grow."""
    data = bytearray(made)
    at = data.find(b"dref")
    start = at + 12
    old = int.from_bytes(data[start : start + 4], "big")
    more = len(reference) - old
    data[start : start + old] = reference
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        place = data.find(kind) - 4
        size = int.from_bytes(data[place : place + 4], "big")
        data[place : place + 4] = (size + more).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    "reference",
    (
        box(b"url ", b"\0\0\0\0http://127.0.0.1:9/secret\0"),
        box(b"url ", b"\0\0\0\0file:///etc/passwd\0"),
        box(b"alis", b"\0\0\0\0" + bytes(150)),
        box(b"urn ", b"\0\0\0\0a\0b\0"),
    ),
)
@pytest.mark.parametrize("kind", ("mp4", "mov"))
def test_a_video_whose_data_is_elsewhere_is_refused(reference: bytes, kind: str) -> None:
    made = with_reference(made_video(format=kind), reference)
    with pytest.raises(VideoRefusedError, match="other files"):
        probe(Bytes(made))


def test_a_movie_that_refers_to_movies_is_refused() -> None:
    head = box(b"ftyp", b"qt  \0\0\0\0")
    inner = box(b"rmda", box(b"rdrf", b"\0\0\0\0url \0\0\0\x13http://127.0.0.1/x"))
    with pytest.raises(VideoRefusedError, match="other files"):
        probe(Bytes(head + box(b"moov", box(b"rmra", inner))))


class Meddling(Bytes):
    """A source that does something to the child when it first asks."""

    def __init__(self, data: bytes, signal_number: int) -> None:
        super().__init__(data)
        self.signal_number = signal_number
        self.child = 0

    def read_at(self, offset: int, count: int) -> bytes:
        found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        if self.reads >= 6 and found:
            self.child = int(found[-1])
            os.kill(self.child, self.signal_number)
        return super().read_at(offset, count)


@pytest.mark.parametrize("number", (signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL))
def test_a_child_that_crashes_is_a_refusal(number: int) -> None:
    with pytest.raises(VideoRefusedError, match="the program that reads it stopped"):
        sound_levels(Meddling(made_video(), number))


def test_a_child_that_hangs_is_ended() -> None:
    source = Meddling(made_video(), signal.SIGSTOP)
    with pytest.raises(VideoRefusedError, match="took longer"):
        sound_levels(source, limits=replace(LIMITS["levels"], silence_s=0.5))
    assert not Path(f"/proc/{source.child}").exists()


def test_a_task_ends_with_its_time() -> None:
    with pytest.raises(VideoRefusedError, match="took longer"):
        probe(Bytes(made_video()), limits=replace(LIMITS["probe"], wall_s=0.05))


@pytest.mark.slow
def test_a_task_ends_with_its_processor_time() -> None:
    made = made_video(40.0, video="libx265", audio=None, size=(640, 480), fps=15)
    with pytest.raises(VideoRefusedError, match="took longer"):
        convert(Bytes(made), Sink(), limits=replace(LIMITS["convert"], cpu_s=1))


@pytest.mark.slow
def test_a_video_that_needs_too_much_memory_is_refused() -> None:
    made = made_video(2.0, video="libx265", size=(2560, 1440), fps=5)
    with pytest.raises(VideoRefusedError, match=r"memory|damaged|stopped"):
        convert(Bytes(made), Sink(), limits=replace(LIMITS["convert"], memory_bytes=300 << 20))


def test_a_conversion_that_grows_without_end_is_refused() -> None:
    made = made_video(2.0, format="mov")
    with pytest.raises(VideoRefusedError, match="larger"):
        convert(Bytes(made), Sink(), limits=replace(LIMITS["convert"], output_bytes=1000))


CONFINED = """
import os, resource, socket, sys
import ctypes
from school.video.media.child.confine import confine
libc = ctypes.CDLL(None, use_errno=True)
path, port = sys.argv[1], int(sys.argv[2])
has_filter = confine(memory_bytes=1 << 30, cpu_s=10)
def tried(act):
    try:
        act()
    except (OSError, ValueError):
        return 0
    return 1
done = [tried(act) for act in (
    lambda: open(path),
    lambda: open(path + ".new", "w"),
    lambda: socket.socket().connect(("127.0.0.1", port)),
    lambda: socket.socketpair(),
    lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9)),
)]
if has_filter:
    done += [tried(act) for act in (
        lambda: os.unlink(path), lambda: os.kill(os.getpid(), 9), os.fork,
        lambda: os.execv("/bin/true", ["true"]), lambda: os.listdir("/"),
    )]
sys.stderr.write(f"{has_filter} {done}")
"""


def test_a_confined_process_reaches_nothing(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("kept")
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = subprocess.run(
            [sys.executable, "-c", CONFINED, str(kept), str(server.getsockname()[1])],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    has_filter, _, rest = done.stderr.partition(" ")
    assert set(rest) <= set("[0, ]"), done.stderr
    assert kept.read_text() == "kept"
    if sys.platform == "linux" and os.uname().machine in {"x86_64", "aarch64"}:
        assert has_filter == "True"


def test_nothing_of_a_video_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    made = made_video(1.0, video="libx265")
    probe(Bytes(made))
    sound_levels(Bytes(made))
    convert(Bytes(made), Sink())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("seed", range(400))
def test_the_first_look_survives_any_change(seed: int) -> None:
    rng = random.Random(seed)
    made = bytearray(ORIGINALS[seed % len(ORIGINALS)])
    for _ in range(rng.choice((1, 3, 20))):
        made[rng.randrange(len(made))] = rng.randrange(256)
    if rng.random() < 0.3:
        del made[rng.randrange(len(made)) :]
    with contextlib.suppress(VideoRefusedError):
        assert container_of(Bytes(bytes(made))) in {"mp4", "mov", "webm"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_the_child_survives_any_change_or_its_end_is_a_refusal(seed: int) -> None:
    """The heads are changed most, since a change of a picture's bytes only spoils a picture."""
    rng = random.Random(1000 + seed)
    original = ORIGINALS[seed % len(ORIGINALS)]
    made = bytearray(original)
    head = made.find(b"moov") if b"moov" in made else 0
    for _ in range(rng.choice((1, 3, 10))):
        made[rng.randrange(head, min(len(made), head + 1500))] = rng.randrange(256)
    for task in (probe, sound_levels, lambda source: convert(source, Sink())):
        with contextlib.suppress(VideoRefusedError):
            task(Bytes(bytes(made)))


ORIGINALS = (
    made_video(1.0),
    made_video(1.0, format="mov", video="libx265", audio="pcm_s16le"),
    made_video(1.0, format="webm", video="libvpx", audio="libopus"),
    made_video(1.0, options={"movflags": "frag_keyframe+empty_moov"}),
)
