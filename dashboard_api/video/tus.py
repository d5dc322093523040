"""What of tus 1.0.0 is needed: an open protocol for uploads that resume (https://tus.io).

Core, creation, termination and expiration. Checksums are left out: HTTPS checks each byte on its
way, AES-GCM each segment on the disk.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from contract.clock import SECOND_NS

__all__ = ["CONTENT_TYPE", "EXTENSIONS", "VERSION", "length_of", "metadata_of", "require_version"]

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,termination,expiration"
CONTENT_TYPE: Final = "application/offset+octet-stream"
_MAX_DIGITS: Final = 15
_MAX_PAIRS: Final = 20


def require_version(headers: Headers) -> None:
    """Raise 412 if the client speaks another version."""
    if headers.get("tus-resumable") != VERSION:
        raise HTTPException(
            412, f"Uploads use tus {VERSION}; send it as Tus-Resumable",
            headers={"Tus-Version": VERSION},
        )  # fmt: skip


def length_of(headers: Headers, name: str) -> int:
    """A number of bytes in a header; raises 400."""
    text = headers.get(name, "")
    if not (text.isascii() and text.isdecimal()) or len(text) > _MAX_DIGITS:
        raise HTTPException(400, f"{name} has to be a number of bytes")
    return int(text)


def metadata_of(headers: Headers) -> dict[str, str]:
    """The pairs in Upload-Metadata, whose values are base64; raises 400."""
    found: dict[str, str] = {}
    pairs = [pair for pair in headers.get("upload-metadata", "").split(",") if pair.strip()]
    if len(pairs) > _MAX_PAIRS:
        raise HTTPException(400, "Upload-Metadata has too many pairs")
    for pair in pairs:
        key, _, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise HTTPException(400, "Upload-Metadata is not in base64") from None
    return found


def expires(utc_ns: int) -> str:
    """A time as in Upload-Expires."""
    return format_datetime(datetime.fromtimestamp(utc_ns // SECOND_NS, UTC), usegmt=True)
