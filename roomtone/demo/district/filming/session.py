"""What a browser sends for somebody who is signed in: forms, and a file."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from email.message import Message
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from roomtone.demo.programs import ProgramError

__all__ = ["Session"]

_PATIENCE_S: Final = 120.0
_TUS: Final = {"Tus-Resumable": "1.0.0"}


class Session:
    """One person's, by their cookie."""

    def __init__(self, origin: str, cookie: str) -> None:
        self._origin = origin
        self._headers = {"Cookie": cookie, "Origin": origin, "Accept-Language": "en"}

    def get(self, path: str) -> str:
        """A page's text; raises ProgramError."""
        return self._ask("GET", path)[1].decode()

    def get_json(self, path: str) -> Any:
        """Raises ProgramError."""
        return json.loads(self.get(path))

    def post(self, path: str, fields: Sequence[tuple[str, str]]) -> None:
        """Send a form; raises ProgramError if it is not taken."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self._ask("POST", path, kind, urlencode(fields).encode())

    def upload(self, path: str, file: Path, consent: str) -> None:
        """Upload a video by tus; raises ProgramError if it is not taken."""
        content = file.read_bytes()
        confirmed = base64.b64encode(consent.encode()).decode()
        begun, _body = self._ask(
            "POST", path,
            _TUS | {"Upload-Length": str(len(content)), "Upload-Metadata": f"consent {confirmed}"},
            b"",
        )  # fmt: skip
        kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        self._ask("PATCH", begun["Location"], _TUS | kind, content)

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str] = {}, body: bytes | None = None
    ) -> tuple[Message, bytes]:
        request = urllib.request.Request(  # noqa: S310
            self._origin + path, body, {**self._headers, **headers}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310
                return answer.headers, answer.read()
        except OSError as error:
            raise ProgramError(f"{method} {path} was refused: {error}.") from error
