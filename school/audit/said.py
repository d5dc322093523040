"""What an entry of the audit log adds to its sentence, read piece by piece."""

from __future__ import annotations

from collections.abc import Mapping

from contract.language import _
from school.audit.records import Detail
from school.audit.words import OWN_WORDS

__all__ = ["Said"]


class Said:
    """What an entry adds, and which of it no word was found for."""

    def __init__(self, detail: Detail, thing: str, *, is_own: bool) -> None:
        self._detail = detail
        self._thing = thing
        self._is_own = is_own
        self._unread = set(detail)

    @property
    def unread(self) -> bool:
        return bool(self._unread)

    def number(self, key: str) -> int | None:
        value = self._detail.get(key)
        if not isinstance(value, int):
            return None
        self._unread.discard(key)
        return value

    def word(self, key: str, words: Mapping[str, str]) -> str:
        """The words for a value of a closed list; empty if it is not there, or of a later version."""
        found = words.get(str(self._detail.get(key, "")), "")
        if found:
            self._unread.discard(key)
        return _(found)

    def room(self) -> str:
        """The name of the room that it says."""
        value = self._detail.get("room")
        if not isinstance(value, str):
            return ""
        self._unread.discard("room")
        return value

    def marked(self, words: Mapping[str, str]) -> list[str]:
        """The words of the keys that are there."""
        found = [key for key in words if key in self._detail]
        self._unread.difference_update(found)
        return [_(words[key]) for key in found]

    def whose(self, what: str) -> str:
        """One of `OWN_WORDS`: "their own password", or "the password of Kim Roth"."""
        own, others = OWN_WORDS[what]
        return _(own) if self._is_own else _(others, whom=self._thing)
