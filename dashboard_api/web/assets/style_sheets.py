"""Several style sheets as one file: each of its own would hold up a page's first paint."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from dashboard_api.web.assets.kept_files import KeptFile

__all__ = ["StyleSheets"]

_FOLDER_MARK: Final = "~"
_JOIN: Final = "+"
_MAX_SHEETS: Final = 20
_MAX_KEPT: Final = 100
"""Anybody can make up addresses, and the pages have fewer."""


class StyleSheets:
    """An application that answers with the sheets that an address names, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def name_of(*sheets: str) -> str:
        """What the last part of the address is: `shared/base` and `lessons/page` for example."""
        return _JOIN.join(sheet.replace("/", _FOLDER_MARK) for sheet in sheets) + ".css"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _joined(self._folder, scope["path"].rsplit("/", 1)[-1])(scope, receive, send)


@lru_cache(maxsize=_MAX_KEPT)
def _joined(folder: Path, name: str) -> KeptFile:
    """The sheets of an address; raises HTTPException if it names none."""
    sheets = name.removesuffix(".css").split(_JOIN)
    known = _known(folder)
    if len(sheets) > _MAX_SHEETS or not known.keys() >= set(sheets):
        raise HTTPException(404)
    return KeptFile("\n".join(known[sheet] for sheet in sheets).encode(), "text/css")


@cache
def _known(folder: Path) -> dict[str, str]:
    """The text of each sheet by its name in an address; the files go with the program."""
    return {
        str(path.relative_to(folder).with_suffix("")).replace("/", _FOLDER_MARK): path.read_text()
        for path in sorted(folder.rglob("*.css"))
    }
