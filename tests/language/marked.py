"""A language whose translations are the English texts with a mark before them."""

from __future__ import annotations

from gettext import NullTranslations
from typing import Final

from contract.language import Language

__all__ = ["MARK", "MARKED"]

MARK: Final = "»"


class _Marked(NullTranslations):
    def gettext(self, message: str) -> str:
        return MARK + message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return MARK + (msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return message if context == "pattern of a date" else MARK + message


MARKED: Final = Language("de", _Marked())
"""German by its tag, so that days have names."""
