"""The trace of a hub's line: what counts as sent, whatever the line does to it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulators.hubs.hub_program import HubProgram
from simulators.hubs.link_faults import FaultyLink, LinkFaults
from simulators.hubs.trace import LineSamples, LineTrace

SECOND_NS = 1_000_000_000


class Ramp:
    """Sample i is i on every axis; without sound."""

    seats = 2
    sample_rate_hz = 50.0
    counts_per_g = 256
    ends_at = 1_000_000

    def acceleration(self, first: int, count: int) -> np.ndarray:
        index = np.arange(first, first + count, dtype=np.int16)
        return np.repeat(index, 6).reshape(count, 2, 3)

    def levels(self, first: int, count: int) -> None:
        del first, count


def a_block(number: int) -> LineSamples:
    return LineSamples(
        times=np.array([number], np.int64), counts=np.full((1, 2, 3), number, np.int16)
    )


def frame(number: int) -> bytes:
    return bytes([number + 1, 7, number + 1, 9]) + b"\0"


def a_trace(frames: int) -> LineTrace:
    trace = LineTrace(seats=2)
    for number in range(frames):
        trace.announce(frame(number), a_block(number))
    return trace


def test_only_what_was_written_counts() -> None:
    trace = a_trace(4)
    trace.wrote(frame(0) + frame(2))
    assert trace.samples().times.tolist() == [0, 2]
    assert (trace.frames_announced, trace.frames_whole) == (4, 2)


@given(cuts=st.lists(st.integers(0, 30), max_size=6))
def test_pieces_of_any_size_are_the_same(cuts: list[int]) -> None:
    data = b"".join(frame(number) for number in range(6))
    trace = a_trace(6)
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for first, end in pairwise(ends):
        trace.wrote(data[first:end])
    assert trace.samples().times.tolist() == list(range(6))


def test_a_spoiled_frame_does_not_count() -> None:
    trace = a_trace(3)
    spoiled = bytearray(frame(1))
    spoiled[2] ^= 1
    trace.wrote(frame(0) + bytes(spoiled) + frame(2))
    assert trace.samples().times.tolist() == [0, 2]


def test_the_same_frame_twice_counts_once() -> None:
    trace = a_trace(2)
    trace.wrote(frame(0) * 2 + frame(1))
    assert trace.samples().times.tolist() == [0, 1]
    assert (trace.frames_whole, trace.frames_repeated) == (2, 1)


def test_a_frame_that_the_cut_tore_does_not_count() -> None:
    trace = a_trace(3)
    trace.wrote(frame(0) + frame(1)[:2])
    trace.cut()
    trace.wrote(frame(1)[2:] + frame(2))
    assert trace.samples().times.tolist() == [0, 2]


def test_a_cut_between_frames_costs_nothing() -> None:
    trace = a_trace(2)
    trace.wrote(frame(0))
    trace.cut()
    trace.wrote(frame(1))
    assert trace.samples().times.tolist() == [0, 1]


def test_samples_come_in_the_order_of_their_times() -> None:
    trace = a_trace(3)
    trace.wrote(frame(2) + frame(0) + frame(1))
    samples = trace.samples()
    assert samples.times.tolist() == [0, 1, 2]
    assert samples.counts[:, 0, 0].tolist() == [0, 1, 2]


def test_nothing_sent_is_nothing() -> None:
    samples = LineTrace(seats=3).samples()
    assert samples.times.shape == (0,)
    assert samples.counts.shape == (0, 3, 3)


@given(lost=st.sampled_from([0.0, 0.3]), flips=st.sampled_from([0.0, 0.01]), seed=st.integers(0, 9))
def test_it_knows_what_passed_a_bad_line(lost: float, flips: float, seed: int) -> None:
    trace = LineTrace(seats=2)
    hub = HubProgram(signal=Ramp(), hub_id="hub-1", start_ns=0, block=5, has_host=True, trace=trace)
    line = FaultyLink(LinkFaults(lost=lost, bit_flips=flips), seed=seed)

    def offer(data: bytes) -> bool:
        line.send(data, elapsed_ns=0)
        return True

    hub.take(4 * SECOND_NS - 1, offer)
    for piece in line.receive(elapsed_ns=SECOND_NS):
        trace.wrote(piece)
    spoiled = line.frames_lost + line.frames_damaged
    # A flipped delimiter spoils the frame behind it as well.
    assert 2 * spoiled >= trace.frames_announced - trace.frames_whole >= spoiled
    samples = trace.samples()
    assert (samples.counts[:, 0, 0] == samples.times // 20_000_000).all()
    assert len(samples.times) <= 200
    if not spoiled:
        assert len(samples.times) == 200
