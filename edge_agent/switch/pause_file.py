"""What pauses a kit until somebody ends it, kept beside the outbox, so that a reboot ends nothing."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

__all__ = ["KeptPause", "load_pause", "store_pause"]

_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPause:
    """Since when the button and a command pause the kit, in UTC as the kit knew it; None: not."""

    button_utc_ns: int | None = None
    command_utc_ns: int | None = None


def load_pause(path: Path) -> tuple[KeptPause, str]:
    """The stored pause, and a sentence if it can't be read.

    Then the button counts as pressed: better to sense nothing than to sense against it.
    """
    try:
        pause = _pause_of(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return KeptPause(), ""
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        sentence = (
            f"{path} can't be read ({error}), so this kit counts as paused by its button: press the "
            "button to end that."
        )
        return KeptPause(button_utc_ns=0), sentence
    return pause, ""


def _pause_of(fields: dict[str, object]) -> KeptPause:
    if fields.pop("version") != _VERSION:
        raise ValueError("it is of a later version")
    pause = KeptPause(**fields)  # type: ignore[arg-type]
    if any(type(since) not in {int, type(None)} for since in asdict(pause).values()):
        raise ValueError("it holds no times")
    return pause


def store_pause(path: Path, pause: KeptPause) -> str:
    """Replace the stored pause in one durable step; a sentence if the disk does not take it."""
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="ascii") as file:
            json.dump({"version": _VERSION} | asdict(pause), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # without it a power cut may bring the old file back
        finally:
            os.close(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        return f"{path} can't be written ({error}): after a reboot this kit does not know of the pause."
    return ""
