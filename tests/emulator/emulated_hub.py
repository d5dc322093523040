"""A hub's real firmware on an emulated board, which a test commands: see board/main.c."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from contract.errors import FrameError
from firmware_bridge.frames import (
    ALL_SEATS,
    Frame,
    HelloRequest,
    SampleBlock,
    Sense,
    decode,
    encode,
)
from firmware_bridge.framing import Unframer, frame

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "firmware_bridge" / "firmware"
TICK_US = 4
CYCLES_A_MS = 16_000

Kind = TypeVar("Kind")


def make(folder: Path, *words: str, out: Path) -> None:
    """Run a Makefile of ours; what it prints is shown if it fails."""
    subprocess.run(
        ("make", "--no-print-directory", "-C", str(folder), f"OUT={out}", *words),
        check=True,
        capture_output=True,
        text=True,
    )


@dataclass(frozen=True)
class Bench:
    """The programs that the emulator tests run, built once."""

    folder: Path

    def build(self, *words: str) -> None:
        make(FIRMWARE, "atmega328p", *words, out=self.folder)
        make(Path(__file__).parent / "board", out=self.folder)

    def flash(
        self,
        hub_id: str = "hub-7F3A",
        seats: int = 8,
        *,
        sound: bool = False,
        image: str = "atmega328p-hub.hex",
    ) -> Path:
        """The file that a school writes onto this hub."""
        name = f"{self.folder}/{image}"
        make(
            FIRMWARE, name, f"HUB_ID={hub_id}", f"SEATS={seats}", f"SOUND={sound:d}",
            out=self.folder,
        )  # fmt: skip
        return Path(name).rename(self.folder / f"{hub_id}-{seats}-{sound:d}-{image}")

    def address(self, name: str) -> int:
        """Where the firmware keeps a variable."""
        listed = subprocess.run(
            ("avr-nm", self.folder / "atmega328p.elf"), check=True, capture_output=True, text=True
        ).stdout
        (line,) = (line for line in listed.splitlines() if line.endswith(f" {name}"))
        return int(line.split()[0], 16) & 0xFFFF


class Board:
    """The program `board` as a child process, which ends with this object."""

    def __init__(self, bench: Bench, *arguments: str | Path) -> None:
        self._process = subprocess.Popen(
            (bench.folder / "board", *arguments),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.greeting = self._answer()

    def do(self, command: str) -> str:
        """One command, and the board's answer to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def state(self) -> dict[str, float]:
        """Its time in microseconds (`us`), whether its LED is on; if it is paced, when it began, and by
        how much the emulator was behind at most (`late_ms`): a crystal never is."""
        pairs = (pair.split("=") for pair in self.do("state").split())
        return {name: float(value) for name, value in pairs}

    def close(self) -> None:
        self._process.communicate(timeout=10)
        assert self._process.returncode == 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the emulated board has ended"
        return line.rstrip("\n")


class PacedBoard(Board):
    """A board in real time; `port` is its pseudo-terminal."""

    def __init__(self, bench: Bench, image: Path, *, drift_ppm: float = 0.0) -> None:
        super().__init__(bench, image, "paced", str(drift_ppm))
        self.port = self.greeting.removeprefix("pty ")


@dataclass(frozen=True)
class Heard:
    """A frame from the hub: when its last byte was sent, its sequence, what it says."""

    at_us: int
    sequence: int
    content: Frame


class Stepped(ABC):
    """A board whose time passes only by `run`: the same commands give the same bytes."""

    def __init__(self) -> None:
        self.unframer = Unframer()
        self.refused = 0
        """Frames that no frame type fits."""

    @abstractmethod
    def do(self, command: str) -> str:
        """One command of those in board/main.c."""

    @abstractmethod
    def state(self) -> dict[str, float]:
        """Its time in microseconds (`us`), and whether its LED is on."""

    @abstractmethod
    def run_bytes(self, milliseconds: float) -> list[tuple[int, bytes]]:
        """What the hub sends meanwhile, cut behind its delimiters, with the time of each cut."""

    @abstractmethod
    def close(self) -> None: ...

    def send(self, content: Frame) -> None:
        self.do("send " + frame(encode(content)).hex())

    def run(self, milliseconds: float) -> list[Heard]:
        heard = []
        for at_us, data in self.run_bytes(milliseconds):
            for payload in self.unframer.feed(data):
                try:
                    heard.append(Heard(at_us, payload[1], decode(payload)))
                except FrameError:
                    self.refused += 1
        return heard

    def meet(self) -> list[Heard]:
        """Start, say hello, and ask for all seats: until the first sample."""
        self.run(100)
        self.send(HelloRequest())
        self.send(Sense(seats=ALL_SEATS))
        heard: list[Heard] = []
        while not of(SampleBlock, heard):
            heard += self.run(20)
            assert self.state()["us"] < 10_000_000
        return heard

    def reads(self, seat: int) -> int:
        """How often somebody has read what this seat's sensor measures."""
        return int(self.do(f"reads {seat}"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SteppedBoard(Stepped):
    """An ATmega328P."""

    def __init__(self, bench: Bench, image: Path) -> None:
        super().__init__()
        self._board = Board(bench, image, "lockstep")

    def do(self, command: str) -> str:
        return self._board.do(command)

    def state(self) -> dict[str, float]:
        return self._board.state()

    def run_bytes(self, milliseconds: float) -> list[tuple[int, bytes]]:
        cycles = round(milliseconds * CYCLES_A_MS)
        pieces = (part.split("@") for part in self._board.do(f"run {cycles}").split())
        return [(int(at), bytes.fromhex(data)) for data, at in pieces]

    def close(self) -> None:
        self._board.close()


def of(kind: type[Kind], heard: list[Heard]) -> list[Kind]:
    """The frames of one kind."""
    return [each.content for each in heard if isinstance(each.content, kind)]


def values(blocks: list[SampleBlock]) -> list[tuple[int, list[tuple[int, int, int]]]]:
    """Each sample's tick, and x y z of its seats."""
    samples = []
    for block in blocks:
        size = block.seats * 6
        for i in range(block.count):
            raw = memoryview(block.raw[i * size : (i + 1) * size]).cast("h").tolist()
            axes = [(x, y, z) for x, y, z in zip(raw[::3], raw[1::3], raw[2::3], strict=True)]
            samples.append((block.tick + i * block.step, axes))
    return samples
