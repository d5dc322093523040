"""The reasons of older alerts, in the words that reasons have now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from models.serving.alerts import noise_words, times_of
from models.serving.fifths import share_text

__all__ = ["todays_words"]

_Words = Callable[[re.Match[str]], str]

_TODAY: Final[Mapping[str, _Words]] = MappingProxyType({
    r"[Aa]bout (\d{1,3}) % of its seats":
        # A percent of seven seats would count children.
        lambda found: f"{share_text(int(found[1]) / 100)} of its seats",
    r"Movement (\d+) dB above (.*) own normal.*":
        lambda found: f"About {times_of(int(found[1])):.1f} times {found[2]} usual movement.",
    r"(Hardly anyone rests: )the quietest seconds are (\d+) dB above normal\.":
        lambda found: f"{found[1]}even the quietest seconds have about "
        f"{times_of(int(found[2])):.1f} times the usual movement.",
    r"Noise (\d+) dB (above|below).*":
        lambda found: noise_words(int(found[1]) * (1 if found[2] == "above" else -1)),
})  # fmt: skip


def todays_words(sentences: Iterable[str]) -> list[str]:
    """Sentences with shares in fifths and movement as a factor."""
    return [_today(sentence) for sentence in sentences]


def _today(sentence: str) -> str:
    for pattern, words in _TODAY.items():
        sentence = re.sub(pattern, words, sentence)
    return sentence[:1].upper() + sentence[1:]
