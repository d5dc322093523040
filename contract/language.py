"""In which language people read: texts are English in the code, and come out in the reader's.

Whoever answers a person calls `speaking`; whatever makes a sentence for them calls `_`, however deep
it stands. A program on the command line speaks English, as does its log.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from gettext import NullTranslations
from typing import Final

__all__ = [
    "ENGLISH",
    "N_",
    "Language",
    "_",
    "language",
    "ngettext",
    "pgettext",
    "speak",
    "speaking",
]


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its BCP 47 tag, with its translations."""

    tag: str
    translations: NullTranslations


ENGLISH: Final = Language("en", NullTranslations())
_LANGUAGE: Final = ContextVar("language", default=ENGLISH)


def language() -> Language:
    """The language of who reads what is being made."""
    return _LANGUAGE.get()


@contextmanager
def speaking(tongue: Language) -> Iterator[None]:
    """What is made inside comes out in this language."""
    before = _LANGUAGE.set(tongue)
    try:
        yield
    finally:
        _LANGUAGE.reset(before)


def speak(tongue: Language) -> None:
    """What this task still makes comes out in this language; an outer `speaking` ends it."""
    _LANGUAGE.set(tongue)


def _(message: str, /, **values: object) -> str:
    """The message in the reader's language; `{name}` in it is replaced by the value of that name."""
    # gettext translates the empty message into the catalogue's own description.
    found = language().translations.gettext(message) if message else ""
    return found.format(**values) if values else found


def ngettext(one: str, many: str, n: int, /, **values: object) -> str:
    """The message for `n` things, which the messages call `{n}`."""
    return language().translations.ngettext(one, many, n).format(n=n, **values)


def pgettext(context: str, message: str, /, **values: object) -> str:
    """A message that has several translations, and which of them is meant."""
    found = language().translations.pgettext(context, message)
    return found.format(**values) if values else found


def N_(message: str, /) -> str:  # noqa: N802 (gettext's own name)
    """Mark a message of a table for the catalogue; `_` translates it where it is shown."""
    return message
