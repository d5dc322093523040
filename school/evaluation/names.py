"""Finds names of the school's people in a text, so that it can be handed out without them. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from school.plain_text import plain_text

__all__ = ["Names", "Place"]

_WORD: Final = re.compile(r"[^\W_]+")
_MAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_SHORTEST: Final = 3
"""Letters of a part of a name that is looked for by itself in any case."""
_SHORT: Final = 2
"""Letters of one that is looked for with a capital: "Li" is a name, and "li" may be anything."""
_BEFORE_NAMES: Final = frozenset({"da", "de", "di", "do", "du", "el", "la", "le", "lo", "st"})
"""With which a family name may begin: ordinary words, if they stand alone."""
_TITLES: Final = frozenset({
    "coach", "don", "dona", "dr", "frau", "herr", "lady", "maestra", "maestro", "miss", "mister",
    "mr", "mrs", "ms", "mx", "prof", "professor", "profesor", "profesora", "senor", "senora",
    "senorita", "sir", "sr", "sra", "srta", "teacher",
})  # fmt: skip
"""Before a name, and of nobody alone."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text says who somebody is."""

    line: int
    """1 is the first one."""
    words: str
    """What stands there."""


class Names:
    """Names of people, to be looked for as wholes and in their parts, whatever their case or accents.

    A part has three letters or more, and a capital where the name has any: "de los Santos" is found
    by "Santos". A first or last part of two letters is found where the text has it with a capital, too:
    "Bo Li" by "Li". `allowed` are words that stay, such as "Rose" in a school that has a rose garden.
    """

    def __init__(
        self,
        names: Iterable[str],
        sign_in_names: Iterable[str] = (),
        allowed: Iterable[str] = (),
    ) -> None:
        self._allowed = {plain_text(word) for word in allowed}
        self._wholes: dict[str, set[tuple[str, ...]]] = {}
        """By their first word."""
        self._unspaced: set[str] = set()
        self._parts: set[str] = set()
        self._short: set[str] = set()
        for name in names:
            self._add(name)
        for name in sign_in_names:
            # Of an address that stands alone; a whole address is found in any case.
            self._add_whole([plain_text(word) for word in _WORD.findall(name.partition("@")[0])])
        self._parts -= self._allowed | _TITLES
        self._short -= self._allowed | _TITLES

    def _add(self, name: str) -> None:
        words = _WORD.findall(_visible(name))
        plain = [plain_text(word) for word in words]
        without_title = [word for word in plain if word not in _TITLES]
        if not without_title:
            return
        if not name.isascii() and not any(word != word.swapcase() for word in words):
            # Of a script without capitals, which may have no blanks between words either.
            self._unspaced |= {word for word in plain if word not in self._allowed}
            return
        self._add_whole(without_title)
        has_capitals = any(word[0].isupper() for word in words)
        self._parts |= {
            key
            for word, key in zip(words, plain, strict=True)
            if len(key) >= _SHORTEST
            and not key.isdigit()
            and (word[0].isupper() or not has_capitals)
        }
        first, last = without_title[0], without_title[-1]
        ends = {last} if first in _BEFORE_NAMES else {first, last}
        self._short |= {key for key in ends if len(key) == _SHORT and key.isalpha()}

    def _add_whole(self, words: list[str]) -> None:
        if set(words) - _TITLES and " ".join(words) not in self._allowed:
            self._wholes.setdefault(words[0], set()).add(tuple(words))

    def places(self, text: str) -> list[Place]:
        """Each line that has a name or an e-mail address, the first such words of each."""
        found = []
        for number, line in enumerate(text.splitlines(), start=1):
            words = self._first(_visible(line))
            if words:
                found.append(Place(number, words))
        return found

    def _first(self, line: str) -> str:
        mail = _MAIL.search(line)
        if mail is not None:
            return str(mail.group())
        words: list[str] = _WORD.findall(line)
        plain = [plain_text(word) for word in words]
        for at, key in enumerate(plain):
            if key in self._parts or (key in self._short and words[at][0].isupper()):
                return words[at]
            for whole in self._wholes.get(key, ()):
                if tuple(plain[at : at + len(whole)]) == whole:
                    return " ".join(words[at : at + len(whole)])
        return next((each for each in sorted(self._unspaced) if each in plain_text(line)), "")


def _visible(text: str) -> str:
    """Without characters that nobody sees, such as a soft hyphen within a name."""
    whole = unicodedata.normalize("NFKC", text)
    return "".join(each for each in whole if unicodedata.category(each) != "Cf")
