from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from contract.errors import PayloadError, UnknownVersionError
from ingest.stores.format.chunks import decode_chunk, encode_chunk

# Three periods (seqs 600, 601 and 604, the last not live) of two columns.
GOLDEN = bytes.fromhex(
    "020003000200000058020000000000000500000025702516c8c0789c636464faff850108fe3332000013cd02f8"
)


@given(
    values=arrays.arrays(
        np.uint16, st.tuples(st.integers(1, 40), st.integers(0, 12)), elements=st.integers(0, 65535)
    ),
    first=st.integers(0, 1 << 40),
    holes=st.lists(st.integers(0, 9), min_size=40, max_size=40),
    is_live=st.lists(st.booleans(), min_size=40, max_size=40),
)
def test_a_chunk_decodes_to_what_was_encoded(
    values: np.ndarray, first: int, holes: list[int], is_live: list[bool]
) -> None:
    n = len(values)
    seqs = first + np.arange(n) + np.cumsum(holes[:n])
    live = np.array(is_live[:n])
    found = decode_chunk(encode_chunk(seqs, live, values))
    for got, put in zip(found, (seqs, live, values), strict=True):
        assert got.dtype == put.dtype
        np.testing.assert_array_equal(got, put)


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7), cut=st.booleans())
def test_a_damaged_chunk_is_refused(at: int, bit: int, cut: bool) -> None:
    chunk = bytearray(encode_chunk(np.arange(5), np.ones(5, bool), np.ones((5, 9), np.uint16)))
    at %= len(chunk)
    if cut:
        del chunk[at:]
    else:
        chunk[at] ^= 1 << bit
    with pytest.raises(PayloadError, match="sealed chunk"):
        decode_chunk(bytes(chunk))


def test_the_format_stays_readable() -> None:
    seqs, is_live, values = decode_chunk(GOLDEN, 0x1234ABCD)
    assert seqs.tolist() == [600, 601, 604]
    assert is_live.tolist() == [True, True, False]
    assert values.tolist() == [[1, 65535], [1, 500], [2, 0]]


def test_a_later_version_is_named() -> None:
    with pytest.raises(UnknownVersionError, match="version 3"):
        decode_chunk(b"\3" + GOLDEN[1:])


def test_a_chunk_under_another_key_is_damaged() -> None:
    with pytest.raises(PayloadError, match="checksum"):
        decode_chunk(GOLDEN, 0x1234ABCC)
