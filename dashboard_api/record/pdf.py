"""The record as PDF/UA, tagged for screen readers, set by Typst from `record.typ`."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import typst

from contract.clock import SECOND_NS
from contract.language import _, language
from dashboard_api.record.content import DebriefRecord

__all__ = ["pdf_of"]

_FOLDER: Final = Path(__file__).parent
_NO_GLYPH: Final = re.compile(r"the text `(\".*\")` could not be displayed", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\u\{([0-9a-f]+)\}")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_MAX_TRIES: Final = 40
_LATIN_END: Final = 0x250


def pdf_of(record: DebriefRecord, utc_ns: int) -> bytes:
    """A4, as many pages as it takes. `utc_ns` stands in the file as the time at which it was made.

    Letters that no font here has stand as their code points, and the last line says so.
    """
    missing: list[Callable[[str], bool]] = []
    for _try in range(_MAX_TRIES):
        try:
            return _compile(_spelled(record, missing), utc_ns, is_checked=True)
        except typst.TypstError as error:
            found = _NO_GLYPH.search(str(error))
            if found is None:
                raise
            text = _ESCAPE.sub(lambda each: chr(int(each[1], 16)), found[1])
            missing += [_like(letter) for letter in text if not letter.isascii()]
    # Tagged as well, but nothing checks that each letter has a shape.
    return _compile(_spelled(record, missing), utc_ns, is_checked=False)


def _compile(record: DebriefRecord, utc_ns: int, *, is_checked: bool) -> bytes:
    made = typst.compile(
        str(_FOLDER / "record.typ"),
        root=str(_FOLDER),
        font_paths=_fonts(),
        sys_inputs={"record": json.dumps(asdict(record)), "words": json.dumps(_words())},
        pdf_standards="ua-1" if is_checked else None,
        timestamp=datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC),
    )
    assert isinstance(made, bytes)
    return made


def _words() -> dict[str, str]:
    """What `record.typ` says itself, and in which language."""
    return {
        "language": language().tag,
        "page": _("Page {page} of {pages}"),
        "step": _("Next step"),
        "no_step": _("None was written."),
        "moments": _("Moments and notes"),
        "no_moment": _("Nobody has written a note or chosen a suggestion."),
        "plan": _("Planned, and how it came"),
        "forms": _("Forms"),
        "shared": _("Who sees the lesson"),
    }


@cache
def _fonts() -> typst.Fonts:
    """Those that come with Typst, and the computer's own for other scripts."""
    return typst.Fonts()


def _like(letter: str) -> Callable[[str], bool]:
    """Whether another one is missing as well, most likely: of its script, or else of its block."""
    script = _script(letter)
    if ord(letter) < _LATIN_END:
        return lambda other: other == letter
    if script:
        return lambda other: _script(other) == script
    return lambda other: ord(other) >> 8 == ord(letter) >> 8


def _script(letter: str) -> str:
    """The first word of its name, of a letter; empty for a sign."""
    is_letter = unicodedata.category(letter).startswith("L")
    return unicodedata.name(letter, "").partition(" ")[0] if is_letter else ""


def _spelled(record: DebriefRecord, missing: list[Callable[[str], bool]]) -> DebriefRecord:
    def spell(value: Any) -> Any:
        if isinstance(value, str):
            return "".join(
                f"[U+{ord(each):04X}]" if any(is_it(each) for is_it in missing) else each
                for each in _CONTROL.sub(" ", value.replace("\r\n", "\n"))
            )
        if isinstance(value, list | tuple):
            return [spell(each) for each in value]
        changes = {name: spell(getattr(value, name)) for name in value.__dataclass_fields__}
        return replace(value, **changes)

    found = spell(record)
    assert isinstance(found, DebriefRecord)
    if not missing:
        return found
    note = _(
        "Some letters are not in the fonts here and stand as [U+…]; the notes as a table have them."
    )
    return replace(found, taken=f"{found.taken} {note}")
