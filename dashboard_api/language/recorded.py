"""What programs keep in English, in the reader's language: reasons of alerts, notices of kits,
and why a video was refused.

A store has sentences, and who reads them is known only later. Each is one of the templates of the
code that writes it, with its values; whatever fits none stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import Formatter
from typing import Final

from contract.language import ENGLISH, _, language
from dashboard_api.language.dates import number_text
from ingest.stores.notices import SENTENCES
from models.serving.alerts import REASONS
from models.serving.moments import CALMEST
from school.clips.records import CLIP_REFUSALS
from school.video.container import NO_VIDEO
from school.video.media.sentences import REFUSALS
from school.video.sealing import DAMAGES

__all__ = ["recorded_text"]

RECORDED: Final = (*REASONS, CALMEST, *SENTENCES, *REFUSALS, *DAMAGES, NO_VIDEO, *CLIP_REFUSALS)
"""Every template of a sentence that is kept and shown."""
_DECIMAL: Final = re.compile(r"-?\d+\.(\d+)")


def recorded_text(sentence: str) -> str:
    """A sentence from a store as its reader reads it."""
    if language() is ENGLISH:
        return sentence
    if sentence in _PLAIN:
        return _(sentence)
    for template, pattern in _PATTERNS:
        found = pattern.fullmatch(sentence)
        if found is not None:
            return _(template, **{name: _value(text) for name, text in found.groupdict().items()})
    return sentence


def _value(text: str) -> str:
    """A value of a sentence; a number with the reader's decimal sign."""
    found = _DECIMAL.fullmatch(text)
    return text if found is None else number_text(float(text), len(found[1]))


def _patterns(templates: Iterable[str]) -> list[tuple[str, re.Pattern[str]]]:
    """Templates with values, each with what finds the values in its sentence."""
    found = []
    for template in templates:
        parts = [
            re.escape(text) + ("" if name is None else f"(?P<{name}>.+)")
            for text, name, *_rest in Formatter().parse(template)
        ]
        found.append((template, re.compile("".join(parts))))
    return found


_PLAIN: Final = frozenset(each for each in RECORDED if "{" not in each)
_PATTERNS: Final = _patterns(each for each in RECORDED if "{" in each)
