"""WebVTT: cues as the text of a file. https://www.w3.org/TR/webvtt1/."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Cue", "chapter_text", "json_text", "webvtt"]


@dataclass(frozen=True, slots=True, order=True)
class Cue:
    """A stretch of a video, in whole milliseconds, and what stands in it."""

    start_ms: int
    end_ms: int
    text: str


def webvtt(about: str, cues: Sequence[Cue]) -> str:
    """A file with a comment of one line, and the cues in order of time."""
    assert "-->" not in about
    assert "\n" not in about
    parts = ["WEBVTT", f"NOTE {about}"]
    parts += [
        f"{number}\n{_time(cue.start_ms)} --> {_time(cue.end_ms)}\n{cue.text}"
        for number, cue in enumerate(sorted(cues), start=1)
    ]
    return "\n\n".join(parts) + "\n"


def chapter_text(title: str) -> str:
    """A title on one line, without anything that a player takes for markup."""
    line = " ".join(title.split()).replace("\0", "�")
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def json_text(values: Mapping[str, Any]) -> str:
    """An object on one line of ASCII; `>` is escaped, so that none of it looks like an arrow."""
    return json.dumps(values, ensure_ascii=True).replace(">", "\\u003e")


def _time(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{rest:03}"
