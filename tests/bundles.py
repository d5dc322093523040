"""Bundles of lessons for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from school.bundle.file_format import bundle_text
from school.bundle.records import Content

__all__ = ["bundle_content", "bundle_file"]

STARTS = datetime(2025, 11, 18, 10, 5, tzinfo=UTC)


def bundle_content(*, words: str = "Who begins?", author: str = "Kim Roth", **more: Any) -> Content:
    """A small lesson with a note, a reply, a step and a form."""
    reply = {"author": "Ada Okafor", "role": "teacher", "text": "The window", "written_at": STARTS}
    note = {
        "start_s": 60, "end_s": 90, "kind": "note", "zone": "room", "is_strength": False,
        "title": words, "words": words, "note_kind": "question", "tags": ["Wait time"],
        "author": author, "role": "coach", "began_at": None, "because": [], "claim": "",
        "trust": "", "replies": [reply], "answers": [],
    }  # fmt: skip
    step = {"what": "Begin early", "when": "", "shows": "", "state": "open", "author": "Ada Okafor",
            "went": "", "went_words": ""}  # fmt: skip
    known = {
        "made_at": STARTS, "made_by": "Ada Okafor", "program": "0.1",
        "lesson": {
            "title": "Fractions", "room": "room-204", "teacher": "Ms Okafor", "starts_at": STARTS,
            "length_s": 3000, "parts": None,
            "activities": [{"start_s": 0, "end_s": 600, "name": "whole_class"}],
        },
        "moments": [note], "steps": [step], "guess": None, "reflection": None, "timeline": None,
        "clock_map": None,
        "talks": [{"day": "2025-11-19", "minutes": 42, "coach": author}],
        "forms": [{"name": "Talk", "version": "1", "items": [{"label": "Who talks", "said": [
            {"author": "Ada Okafor", "role": "teacher", "choice": "Many pupils", "words": ""},
            {"author": author, "role": "coach", "choice": "", "words": words},
        ]}]}],
    }  # fmt: skip
    return Content.model_validate(known | more)


def bundle_file(**more: Any) -> bytes:
    return bundle_text(bundle_content(**more)).encode()
