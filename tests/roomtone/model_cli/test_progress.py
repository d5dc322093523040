"""Progress: one line that changes on a terminal, whole lines now and then elsewhere."""

from __future__ import annotations

import io

import pytest

from roomtone.model_cli.progress import ProgressReport


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def run(stream: io.StringIO, steps: int = 100, *, step_s: float = 1.0) -> str:
    clock = Clock()
    with ProgressReport(stream, clock) as progress:
        for step in range(1, steps + 1):
            clock.now += step_s
            progress("drawing", step / steps)
        progress("judging", 0.5)
    return stream.getvalue()


def test_a_file_gets_a_line_now_and_then() -> None:
    lines = run(io.StringIO()).splitlines()
    assert lines == [
        "model: drawing, 30%, about 70 s left…",
        "model: drawing, 60%, about 40 s left…",
        "model: drawing, 90%, about 10 s left…",
    ]
    assert not any("\r" in line or "\x1b" in line for line in lines)


def test_what_is_soon_done_is_not_mentioned_in_a_file() -> None:
    assert run(io.StringIO(), step_s=0.05) == ""


def test_a_terminal_has_one_line_for_each_work() -> None:
    lines = run(Terminal()).split("\n")
    assert len(lines) == 3
    drawn = lines[0].split("\r\x1b[K")
    assert drawn[-1] == "model: drawing, 100%"
    assert drawn[60] == "model: drawing, 60%, about 40 s left"
    assert lines[1].endswith("model: judging, 50%")
    assert lines[2] == ""


@pytest.mark.parametrize(("step_s", "left"), ((1.0, "about 50 s left"), (10.0, "about 8 min left")))
def test_the_time_left_is_in_fitting_units(step_s: float, left: str) -> None:
    assert f"50%, {left}" in run(Terminal(), step_s=step_s)


def test_a_line_break_in_a_name_does_not_break_the_line() -> None:
    stream = Terminal()
    with ProgressReport(stream, Clock()) as progress:
        progress("reading a\nb", 0.5)
    assert "reading a b" in stream.getvalue()


def test_a_terminal_that_can_not_clear_a_line_is_like_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in run(Terminal())


def test_a_line_is_not_longer_than_the_terminal_is_wide() -> None:
    stream = Terminal()
    with ProgressReport(stream, Clock()) as progress:
        progress("x" * 200, 0.5)
    assert len(stream.getvalue().strip("\n")) == len("\r\x1b[K") + 79
