"""A sealed video is read as it was written, and anything else is refused."""

from __future__ import annotations

import errno
import os
import random
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.errors import StoreError
from school.video.files import VideoFiles, new_name
from school.video.keys import VideoKeys
from school.video.sealed_file import SealedReader, SealedSink, SealedUpload
from school.video.sealing import (
    HEADER_BYTES,
    KEY_BYTES,
    OVERHEAD,
    SEGMENT_BYTES,
    STRIDE,
    Sealing,
    VideoDamagedError,
    sealed_bytes,
)

KEY = bytes(range(KEY_BYTES))
NAME = "00112233445566778899aabbccddeeff"
SIZES = (1, 100, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 3 * SEGMENT_BYTES,
         3 * SEGMENT_BYTES + 17)  # fmt: skip


def film(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def write(path: Path, plain: bytes, key: bytes = KEY, name: str = NAME) -> None:
    upload = SealedUpload(path, Sealing(key, name), len(plain))
    upload.write(plain)
    upload.settle()
    upload.close()


def read(path: Path, key: bytes = KEY, name: str = NAME) -> bytes:
    reader = SealedReader(path, Sealing(key, name))
    try:
        return reader.read_at(0, reader.size)
    finally:
        reader.close()


@pytest.mark.parametrize("size", SIZES)
def test_what_was_written_is_read(tmp_path: Path, size: int) -> None:
    plain, path = film(size), tmp_path / "a.video"
    write(path, plain)
    assert read(path) == plain
    assert path.stat().st_size == sealed_bytes(size)
    assert path.stat().st_mode & 0o777 == 0o600
    assert plain[:64] not in path.read_bytes() or size < 64


@given(
    size=st.sampled_from(SIZES),
    cuts=st.lists(st.floats(0, 1), max_size=6),
    spans=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 2 * SEGMENT_BYTES)), max_size=6),
)
@settings(max_examples=25, deadline=None)
def test_any_range_of_any_pieces_equals_the_plain_bytes(
    size: int, cuts: list[float], spans: list[tuple[float, int]]
) -> None:
    plain = film(size)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.video")
        edges = sorted({0, size, *(int(cut * size) for cut in cuts)})
        for begin, end in pairwise(edges):  # a new try for each piece
            upload = SealedUpload(path, Sealing(KEY, NAME), size)
            assert upload.offset == begin
            upload.write(plain[begin:end])
            upload.settle()
            upload.close()
        reader = SealedReader(path, Sealing(KEY, NAME))
        assert reader.size == size
        for where, count in spans:
            offset = int(where * size)
            assert reader.read_at(offset, count) == plain[offset : offset + count]
        reader.close()


def swap_two(sealed: bytearray) -> None:
    one, two = (slice(HEADER_BYTES + n * STRIDE, HEADER_BYTES + (n + 1) * STRIDE) for n in (0, 1))
    sealed[one], sealed[two] = sealed[two], sealed[one]


def drop_last(sealed: bytearray) -> None:
    del sealed[HEADER_BYTES + 2 * STRIDE :]


def drop_first(sealed: bytearray) -> None:
    del sealed[HEADER_BYTES : HEADER_BYTES + STRIDE]


def repeat_one(sealed: bytearray) -> None:
    sealed[HEADER_BYTES:HEADER_BYTES] = sealed[HEADER_BYTES : HEADER_BYTES + STRIDE]


def repeat_the_last(sealed: bytearray) -> None:
    sealed += sealed[HEADER_BYTES + 2 * STRIDE :]


def cut_in_the_middle(sealed: bytearray) -> None:
    del sealed[HEADER_BYTES + STRIDE + 99 :]


def cut_all(sealed: bytearray) -> None:
    del sealed[HEADER_BYTES:]


def add_bytes(sealed: bytearray) -> None:
    sealed += bytes(10)


def change_the_version(sealed: bytearray) -> None:
    sealed[9] += 1


def empty(sealed: bytearray) -> None:
    sealed.clear()


@pytest.mark.parametrize(
    "change",
    (swap_two, drop_last, drop_first, repeat_one, repeat_the_last, cut_in_the_middle, cut_all,
     add_bytes, change_the_version, empty),
)  # fmt: skip
def test_a_changed_file_is_refused(tmp_path: Path, change: Callable[[bytearray], None]) -> None:
    path = tmp_path / "a.video"
    write(path, film(2 * SEGMENT_BYTES + 100))
    sealed = bytearray(path.read_bytes())
    change(sealed)
    path.write_bytes(sealed)
    with pytest.raises(VideoDamagedError, match=r"damaged|later version"):
        read(path)


@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_a_flipped_bit_is_refused(where: float, bit: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.video")
        write(path, film(SEGMENT_BYTES + 1_000))
        sealed = bytearray(path.read_bytes())
        sealed[int(where * len(sealed))] ^= 1 << bit
        path.write_bytes(sealed)
        with pytest.raises(VideoDamagedError):
            read(path)


def test_segments_of_another_video_are_refused_under_the_same_key(tmp_path: Path) -> None:
    other = "ff" * 16
    write(tmp_path / "a.video", film(2 * SEGMENT_BYTES))
    write(tmp_path / "b.video", film(2 * SEGMENT_BYTES, seed=2), name=other)
    one, two = (bytearray((tmp_path / f"{name}.video").read_bytes()) for name in "ab")
    one[HEADER_BYTES : HEADER_BYTES + STRIDE] = two[HEADER_BYTES : HEADER_BYTES + STRIDE]
    (tmp_path / "a.video").write_bytes(one)
    with pytest.raises(VideoDamagedError, match="segment 0"):
        read(tmp_path / "a.video")
    with pytest.raises(VideoDamagedError, match="another video"):
        read(tmp_path / "b.video")


def test_no_nonce_is_used_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.video"
    write(path, bytes(5 * SEGMENT_BYTES))
    sealed = path.read_bytes()
    nonces = {sealed[HEADER_BYTES + n * STRIDE :][:12] for n in range(5)}
    assert len(nonces) == 5


def test_an_upload_goes_on_where_it_was_settled(tmp_path: Path) -> None:
    plain, path = film(2 * SEGMENT_BYTES + 500), tmp_path / "a.video"
    sealing = Sealing(KEY, NAME)
    first = SealedUpload(path, sealing, len(plain))
    first.write(plain[: SEGMENT_BYTES + 300])
    first.settle()
    first.write(plain[SEGMENT_BYTES + 300 : SEGMENT_BYTES + 400])  # and the program is killed
    first.close()
    second = SealedUpload(path, sealing, len(plain))
    assert second.offset == SEGMENT_BYTES + 300
    assert second.first_bytes == plain[:SEGMENT_BYTES]
    second.write(plain[second.offset :])
    second.settle()
    assert second.is_complete
    second.close()
    assert read(path) == plain
    assert list(tmp_path.iterdir()) == [path]


def test_a_segment_that_was_written_in_part_is_written_again(tmp_path: Path) -> None:
    plain, path = film(3 * SEGMENT_BYTES), tmp_path / "a.video"
    upload = SealedUpload(path, Sealing(KEY, NAME), len(plain))
    upload.write(plain[: 2 * SEGMENT_BYTES])
    upload.settle()
    upload.close()
    os.truncate(path, HEADER_BYTES + STRIDE + 1_000)
    again = SealedUpload(path, Sealing(KEY, NAME), len(plain))
    assert again.offset == SEGMENT_BYTES
    again.write(plain[SEGMENT_BYTES:])
    again.settle()
    again.close()
    assert read(path) == plain


def test_what_is_settled_is_never_plain_on_the_disk(tmp_path: Path) -> None:
    plain, path = film(SEGMENT_BYTES + 5_000), tmp_path / "a.video"
    upload = SealedUpload(path, Sealing(KEY, NAME), 2 * SEGMENT_BYTES)
    upload.write(plain)
    upload.settle()
    upload.close()
    kept = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert len(kept) > len(plain)
    for at in range(0, len(plain) - 32, 4_096):
        assert plain[at : at + 32] not in kept


def test_more_than_was_announced_is_refused(tmp_path: Path) -> None:
    upload = SealedUpload(tmp_path / "a.video", Sealing(KEY, NAME), 10)
    with pytest.raises(StoreError, match="longer than it said"):
        upload.write(bytes(11))
    upload.close()


def test_a_muxer_writes_forward_and_back_into_the_first_segment(files: VideoFiles) -> None:
    plain = bytearray(film(2 * SEGMENT_BYTES + 700))
    name = new_name()
    files.begin(name)
    sink = files.sink(name)
    for at in range(0, len(plain), 100_000):
        sink.write(bytes(plain[at : at + 100_000]))
    sink.seek(40)
    sink.write(b"patched")
    plain[40:47] = b"patched"
    sink.seek(sink.size)
    sink.write(b"the end")
    with pytest.raises(StoreError, match="can't be changed"):
        sink.seek(SEGMENT_BYTES + 1)
    sink.close()
    source = files.source(name)
    assert source.read_at(0, source.size) == plain + b"the end"
    source.close()


@pytest.mark.parametrize("size", SIZES)
def test_a_muxer_may_write_any_length(files: VideoFiles, size: int) -> None:
    name = new_name()
    files.begin(name)
    sink = files.sink(name)
    sink.write(film(size))
    assert sink.size == size
    sink.close()
    source = files.source(name)
    assert source.read_at(0, size + 1) == film(size)
    source.close()


def test_a_stored_file_of_this_format_can_be_read() -> None:
    """The format as bytes: what is kept today has to be readable later."""
    golden = Path(__file__).parents[2] / "golden" / "video" / "sealed-1.video"
    assert read(golden) == bytes(range(256)) * 4


def test_overhead_is_what_the_documents_say() -> None:
    assert OVERHEAD == 28
    assert VideoKeys(Path("k")).path("a") == Path("k/wrapped/a.json")


@pytest.mark.parametrize("again", ("close", "abandon"))
def test_a_sink_never_closes_the_file_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    """The system gives the number of a closed file to the next one that is opened."""
    sink = SealedSink(tmp_path / "a.video", Sealing(KEY, NAME))
    sink.write(film(100))

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space left"):
            sink.close()
    other = os.open(tmp_path, os.O_RDONLY)
    getattr(sink, again)()
    os.fstat(other)
    os.close(other)
