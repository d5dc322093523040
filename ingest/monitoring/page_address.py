"""The address of a data directory's pages: the dashboard writes it, the doctor reads it.

The dashboard may be started with `--port`, which is in no settings file. The note is only a hint:
its reader has to ask at that address whose pages they are.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.errors import UsageError
from contract.files.text_file import read_text
from ingest.purge.requests import write_whole

__all__ = ["PageAddress", "address_noted", "noted_address", "url_of"]

_LOG = logging.getLogger("dashboard")
_NAME: Final = "dashboard-address.json"


def url_of(host: str, port: int, *, is_https: bool) -> str:
    """The address of pages without a path; `host` may be an IPv6 address."""
    name = f"[{host}]" if ":" in host else host
    return f"{'https' if is_https else 'http'}://{name}:{port}"


class PageAddress(BaseModel):
    """The address and the process of a dashboard."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    host: str
    port: Annotated[int, Field(ge=1, le=65_535)]
    pid: int
    is_https: bool = False

    @property
    def url(self) -> str:
        """The address of the front page, without a path."""
        return url_of(self.host, self.port, is_https=self.is_https)


def noted_address(data_dir: Path) -> PageAddress | None:
    """The address that the latest dashboard of this directory noted; None if there is no valid note."""
    try:
        return PageAddress.model_validate_json(read_text(data_dir / _NAME))
    except (UsageError, ValidationError):
        return None


@contextmanager
def address_noted(
    data_dir: Path, host: str, port: int, *, is_https: bool = False
) -> Iterator[None]:
    """Keep the note while the pages are served; they are served even if it can't be written."""
    path, address = (
        data_dir / _NAME,
        PageAddress(host=host, port=port, pid=os.getpid(), is_https=is_https),
    )
    try:
        write_whole(path, f"{address.model_dump_json()}\n".encode())
    except OSError as error:
        _LOG.warning(
            "%s can't be written (%s): `roomtone doctor` looks for the pages on dashboard.port.",
            path, error.strerror,
        )  # fmt: skip
    try:
        yield
    finally:
        if noted_address(data_dir) == address:  # another dashboard may have started since
            with suppress(OSError):
                path.unlink(missing_ok=True)
