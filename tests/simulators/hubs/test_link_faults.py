"""A bad line does what its settings say, the same way for the same seed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.framing import Unframer, frame
from simulators.hubs.link_faults import FaultyLink, LinkFaults

PAYLOADS = [bytes((2, i)) + b"payload" * (i % 5) for i in range(200)]
SECOND_NS = 1_000_000_000


def sent_over(link: FaultyLink, *, every_ns: int = 1_000_000) -> list[bytes]:
    pieces = []
    for i, payload in enumerate(PAYLOADS):
        link.send(frame(payload), elapsed_ns=i * every_ns)
        pieces += link.receive(elapsed_ns=i * every_ns)
    return pieces + link.receive(elapsed_ns=1000 * SECOND_NS)


def test_a_line_without_faults_changes_nothing() -> None:
    link = FaultyLink(LinkFaults(), seed=1)
    assert sent_over(link) == [frame(payload) for payload in PAYLOADS]
    assert link.due_ns is None
    assert link.waiting == 0


@given(
    seed=st.integers(0, 1000),
    faults=st.builds(
        LinkFaults,
        lost=st.sampled_from([0.0, 0.3]),
        doubled=st.sampled_from([0.0, 0.3]),
        garbage=st.sampled_from([0.0, 0.3]),
        bit_flips=st.sampled_from([0.0, 0.01]),
        jitter_s=st.sampled_from([0.0, 0.05]),
    ),
)
def test_the_same_seed_gives_the_same_line(seed: int, faults: LinkFaults) -> None:
    first = sent_over(FaultyLink(faults, seed=seed))
    assert first == sent_over(FaultyLink(faults, seed=seed))


def test_shares_are_kept() -> None:
    link = FaultyLink(LinkFaults(lost=0.25, doubled=0.5), seed=7)
    arrived = Unframer().feed(b"".join(sent_over(link)))
    assert 30 <= link.frames_lost <= 70
    assert len(arrived) == len(PAYLOADS) - link.frames_lost + link.frames_doubled
    # The order is kept, and a double follows its first at once.
    assert sorted(arrived) == arrived


def test_flipped_bits_are_seen_by_the_checksum() -> None:
    link = FaultyLink(LinkFaults(bit_flips=0.02), seed=7)
    unframer = Unframer()
    arrived = unframer.feed(b"".join(sent_over(link)))
    assert set(arrived) <= set(PAYLOADS)
    # A flip in a delimiter takes the next frame with it.
    damaged = link.frames_damaged
    assert len(PAYLOADS) - 2 * damaged <= len(arrived) <= len(PAYLOADS) - damaged
    assert unframer.refused.total() > 0


def test_a_trickle_comes_byte_by_byte() -> None:
    pieces = sent_over(FaultyLink(LinkFaults(is_trickling=True), seed=7))
    assert {len(piece) for piece in pieces} == {1}
    assert b"".join(pieces) == b"".join(frame(payload) for payload in PAYLOADS)


def test_delays_keep_the_order() -> None:
    link = FaultyLink(LinkFaults(delay_s=0.1, jitter_s=0.5), seed=7)
    link.send(frame(PAYLOADS[0]), elapsed_ns=0)
    assert link.due_ns is not None
    assert 0.1 * SECOND_NS <= link.due_ns <= 0.6 * SECOND_NS
    assert link.receive(elapsed_ns=link.due_ns - 1) == []
    assert link.waiting == len(frame(PAYLOADS[0]))
    link.clear()
    assert link.waiting == 0
    assert sent_over(link) == [frame(payload) for payload in PAYLOADS]


def test_nothing_arrives_while_the_line_is_stalled() -> None:
    link = FaultyLink(LinkFaults(stall_every_s=1.0, stall_s=0.4), seed=7)
    link.send(frame(PAYLOADS[0]), elapsed_ns=round(0.59 * SECOND_NS))
    link.send(frame(PAYLOADS[1]), elapsed_ns=round(0.61 * SECOND_NS))
    assert link.receive(elapsed_ns=round(0.99 * SECOND_NS)) == [frame(PAYLOADS[0])]
    assert link.receive(elapsed_ns=SECOND_NS) == [frame(PAYLOADS[1])]


@pytest.mark.parametrize(
    ("settings", "what"),
    (({"lost": 1.5}, "lost is 1.5"), ({"stall_s": 2.0, "stall_every_s": 1.0}, "stall_s 2.0")),
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, float], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        LinkFaults(**settings)  # type: ignore[arg-type]
