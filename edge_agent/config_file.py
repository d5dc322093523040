"""The last configuration from the server, kept beside the outbox.

After a power cut the broker may be away for a while. With this file the node still knows the
lessons, and which seats have opted out.
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from contract.errors import PayloadError
from contract.wire.messages import Config

__all__ = ["load_config", "store_config"]

log = logging.getLogger(__name__)


def load_config(path: Path) -> Config | None:
    """The configuration stored last; None if there is none that can be read."""
    try:
        return Config.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, PayloadError) as error:
        log.warning("%s can't be used (%s): waiting for the server's configuration.", path, error)
        return None


def store_config(path: Path, config: Config) -> None:
    """Replace the stored configuration in one step; a disk error is only logged."""
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            file.write(config.encode())
            file.flush()
            os.fdatasync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        log.warning("%s can't be written (%s): it is requested again after a restart.", path, error)
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
