"""What the pages' scripts say, a script for each language that has a catalogue."""

from __future__ import annotations

from functools import cache
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from contract.language import language
from dashboard_api.language.catalogue import FOLDER, read_file, words_script
from dashboard_api.web.assets.kept_files import KeptFile

__all__ = ["script_of", "words_app"]

_ENDING: Final = ".js"


def script_of(folder: str) -> str | None:
    """The address of the reader's words, below `folder`; None for a language that needs none."""
    tag = language().tag
    return f"{folder}/{tag}{_ENDING}" if tag in _scripts() else None


async def words_app(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers with the words of the language that an address names."""
    found = _scripts().get(scope["path"].rsplit("/", 1)[-1].removesuffix(_ENDING))
    if found is None:
        raise HTTPException(404)
    await found(scope, receive, send)


@cache
def _scripts() -> dict[str, KeptFile]:
    """By tag; the catalogues go with the program."""
    return {
        path.stem: KeptFile(words_script(read_file(path)).encode(), "text/javascript")
        for path in sorted(FOLDER.glob("*.po"))
    }
