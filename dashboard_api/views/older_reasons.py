"""The reasons of alerts, older ones too, in the words that reasons have now and for who reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from dashboard_api.language.recorded import recorded_text
from models.serving.alerts import moving_words, noise_words, rest_words, times_words

__all__ = ["todays_words"]

_Words = Callable[[re.Match[str]], str]

_TODAY: Final[Mapping[str, _Words]] = MappingProxyType({
    r"About (\d{1,3}) % of its seats.*":
        # A percent of seven seats would count children.
        lambda found: moving_words(int(found[1]) / 100),
    r"Movement (\d+) dB above (the room|the zone).s own normal.*":
        lambda found: times_words(int(found[1]), of_room=found[2] == "the room"),
    r"Hardly anyone rests: the quietest seconds are (\d+) dB above normal\.":
        lambda found: rest_words(int(found[1])),
    r"Noise (\d+) dB (above|below).*":
        lambda found: noise_words(int(found[1]) * (1 if found[2] == "above" else -1)),
})  # fmt: skip


def todays_words(sentences: Iterable[str]) -> list[str]:
    """Sentences with shares in fifths and movement as a factor, in the reader's language."""
    return [recorded_text(_today(sentence)) for sentence in sentences]


def _today(sentence: str) -> str:
    for pattern, words in _TODAY.items():
        found = re.fullmatch(pattern, sentence)
        if found is not None:
            return words(found)
    return sentence[:1].upper() + sentence[1:]
