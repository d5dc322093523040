"""One example of each frame: the bytes are under tests/golden/serial and in the protocol's page."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from firmware_bridge.frames import (
    LEVEL_MISSING,
    SEAT_MISSING,
    ClockReply,
    ClockRequest,
    Frame,
    Hello,
    HelloRequest,
    Identify,
    LevelBlock,
    SampleBlock,
    Sense,
    Status,
    decode,
    encode,
)
from firmware_bridge.framing import REASONS, Unframer, frame

FOLDER = Path(__file__).parents[1] / "golden" / "serial"
PAGE = Path(__file__).parents[2] / "docs" / "serial-protocol.md"

EXAMPLES: dict[str, tuple[Frame, int]] = {
    "hello": (
        Hello(
            is_start=True,
            has_levels=True,
            tick_hz=250_000,
            sample_rate_hz=50.0,
            counts_per_g=1024,
            seats=2,
            hub_id="hub-7F3A",
            firmware="roomtone-avr",
            firmware_version="1.0",
        ),
        0,
    ),
    "samples": (
        SampleBlock(
            tick=1_000_000,
            step=5000,
            count=1,
            seats=2,
            raw=struct.pack("<6h", 12, -7, 1031, SEAT_MISSING, SEAT_MISSING, SEAT_MISSING),
        ),
        1,
    ),
    "levels": (
        LevelBlock(tick=968_750, step=31_250, hundredths=(5612, 5874, LEVEL_MISSING)),
        2,
    ),
    "status": (
        Status(
            tick=1_250_000,
            uptime_s=5,
            samples_dropped=0,
            frames_dropped=0,
            requests_refused=1,
            seats_missing=0b10,
            is_sound_missing=False,
        ),
        3,
    ),
    "clock_reply": (
        ClockReply(nonce=513, receive_tick=1_260_000, transmit_tick=1_260_031),
        4,
    ),
    "hello_request": (HelloRequest(), 0),
    "clock_request": (ClockRequest(nonce=513), 0),
    "identify": (Identify(seconds=5), 0),
    "sense": (Sense(seats=0b11101111), 0),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_golden_bytes_are_made(name: str) -> None:
    content, sequence = EXAMPLES[name]
    golden = bytes.fromhex((FOLDER / f"{name}.hex").read_text())
    assert frame(encode(content, sequence)) == golden


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_golden_bytes_are_understood(name: str) -> None:
    content, sequence = EXAMPLES[name]
    (payload,) = Unframer().feed(bytes.fromhex((FOLDER / f"{name}.hex").read_text()))
    assert payload[1] == sequence
    assert decode(payload) == content


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_shows_the_golden_bytes(name: str) -> None:
    golden = (FOLDER / f"{name}.hex").read_text().strip()
    assert f"### {name.upper()}" in PAGE.read_text()
    assert golden in PAGE.read_text()


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in FOLDER.glob("*.hex")} == set(EXAMPLES)


def test_the_page_names_every_reason_of_refusal() -> None:
    page = PAGE.read_text()
    assert [reason for reason in REASONS if f"| `{reason}` |" not in page] == []
