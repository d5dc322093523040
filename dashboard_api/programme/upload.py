"""A small text file out of a page's form."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from starlette.datastructures import UploadFile

from contract.errors import UsageError
from contract.language import _
from dashboard_api.web.limits.uploads import MAX_TABLE_BYTES

__all__ = ["text_of"]

_MAX_NAME: Final = 80


async def text_of(request: Request) -> tuple[str, str]:
    """The name and the text of the file in the field `file`; raises UsageError."""
    async with request.form(max_files=1, max_fields=1) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise UsageError(_("Choose a file first: a table in CSV."))
        name = " ".join(file.filename.split())[:_MAX_NAME]
        data = await file.read(MAX_TABLE_BYTES + 1)
    if len(data) > MAX_TABLE_BYTES:
        raise UsageError(_("{name} is too large to be such a table.", name=name))
    try:
        return name, data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(
            _("{name} is not text in UTF-8; save it as CSV UTF-8.", name=name)
        ) from None
