"""Entity tags of moment lists: whether one is as it was, mostly without making it again."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256
from typing import Final

__all__ = ["ListTags"]

_MAX_LISTS: Final = 500
_Whose = tuple[str, str, str]
"""A lesson, who reads it, and in which language."""
_Version = tuple[int, int]


class ListTags:
    """The last list of each lesson and reader, by the version of the stores that it was made of."""

    def __init__(self) -> None:
        self._known: OrderedDict[_Whose, tuple[_Version, str]] = OrderedDict()

    def is_same(self, whose: _Whose, version: _Version, tag: str) -> bool:
        """Whether nothing at all has been written since this list was made."""
        return self._known.get(whose) == (version, tag)

    def keep(self, whose: _Whose, version: _Version, body: bytes) -> str:
        """The tag of a list that was just made."""
        tag = f'"{sha256(body).hexdigest()[:20]}"'
        self._known[whose] = version, tag
        self._known.move_to_end(whose)
        while len(self._known) > _MAX_LISTS:
            self._known.popitem(last=False)
        return tag
