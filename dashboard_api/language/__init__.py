"""The languages of the pages: what each person reads, and how its dates and numbers are written.

A further language is a line in `LANGUAGES` and a catalogue beside this file: docs/languages.md.
"""

from __future__ import annotations

from typing import Final

from contract.language import ENGLISH, Language
from dashboard_api.language.catalogue import read_catalogue

__all__ = ["LANGUAGES", "NAMES"]

LANGUAGES: Final[dict[str, Language]] = {
    "en": ENGLISH,
    "es": Language("es", read_catalogue("es")),
}
"""By tag; the first is spoken to who has chosen none and whose browser asks for none of them."""
NAMES: Final = {"en": "English", "es": "Español"}
"""What each is called in itself."""
