"""Languages whose texts have marks: a test sees what went through the catalogue."""

from __future__ import annotations

from gettext import NullTranslations
from typing import Final

from contract.language import Language

__all__ = ["BEGIN", "END", "MARKED", "PREFIXED", "marked"]

BEGIN: Final = "⟦"
END: Final = "⟧"


class _Marked(NullTranslations):
    """The English text in brackets; whoever puts one into another sees two pairs of them."""

    def gettext(self, message: str) -> str:
        return f"[{message}]"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"[{msgid1 if n == 1 else msgid2}]"


class _Prefixed(NullTranslations):
    """The English text with a mark before it, which no file's format takes for its own."""

    def gettext(self, message: str) -> str:
        return f"»{message}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"»{msgid1 if n == 1 else msgid2}"

    def pgettext(self, context: str, message: str) -> str:
        return message if context == "pattern of a date" else f"»{message}"


class _Between(NullTranslations):
    """The translated text between marks that no text has, dates as well."""

    def __init__(self, found: NullTranslations) -> None:
        super().__init__()
        self._found = found

    def gettext(self, message: str) -> str:
        return f"{BEGIN}{self._found.gettext(message)}{END}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"{BEGIN}{self._found.ngettext(msgid1, msgid2, n)}{END}"

    def pgettext(self, context: str, message: str) -> str:
        return f"{BEGIN}{self._found.pgettext(context, message)}{END}"


def marked(tongue: Language) -> Language:
    """The same language, with each of its texts between `BEGIN` and `END`."""
    return Language(tongue.tag, _Between(tongue.translations))


MARKED: Final = Language("es", _Marked())
"""Dates come out as in Spanish."""
PREFIXED: Final = Language("de", _Prefixed())
"""German by its tag, so that days have names."""
