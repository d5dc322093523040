"""A document as PDF/UA, tagged for screen readers, set by Typst from `document.typ`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import typst

from contract.clock import SECOND_NS
from roomtone.oversight.blocks import Document

__all__ = ["pdf_of"]

_FOLDER: Final = Path(__file__).parent
_PAGE: Final = {"en": "Page {page} of {pages}", "es": "Página {page} de {pages}"}


def pdf_of(document: Document, footer: str, utc_ns: int) -> bytes:
    """A4. `utc_ns` stands in the file as the time at which it was made."""
    content = {
        "title": document.title, "language": document.language, "is_sign": document.is_sign,
        "footer": footer, "page": _PAGE[document.language],
        "blocks": [{"kind": type(block).__name__, **asdict(block)} for block in document.blocks],
    }  # fmt: skip
    try:
        return _compiled(content, utc_ns, is_checked=True)
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise
        # A school's name may have letters that no font here has: then nothing checks them.
        return _compiled(content, utc_ns, is_checked=False)


def _compiled(content: dict[str, Any], utc_ns: int, *, is_checked: bool) -> bytes:
    made = typst.compile(
        str(_FOLDER / "document.typ"),
        root=str(_FOLDER),
        font_paths=_fonts(),
        sys_inputs={"document": json.dumps(content)},
        pdf_standards="ua-1" if is_checked else None,
        timestamp=datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC),
    )
    assert isinstance(made, bytes)
    return made


@cache
def _fonts() -> typst.Fonts:
    """Those that come with Typst, and the computer's own for other scripts."""
    return typst.Fonts()
