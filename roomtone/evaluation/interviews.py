"""Interview notes by number: whose each is stands in a sealed file of its own, which no pack has."""

from __future__ import annotations

import hashlib
import json
import os
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contract.errors import UsageError
from contract.files.text_file import read_bytes, read_text
from school.evaluation.names import Names

__all__ = ["Interview", "Sealed", "number_interviews", "read_interviews", "require_no_names"]

_SUFFIXES: Final = (".md", ".txt")
_MAX_PLACES: Final = 8
"""Of names, in one sentence."""
_MAX_NUMBER: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Interview:
    """Notes of one interview."""

    file: str
    """What the researcher calls the file, such as by a name: no pack has it."""
    suffix: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """Whose number is whose."""

    numbers: Mapping[str, int]
    """By the name of the file, also of notes that are no longer there."""
    sha256: str
    """Of the file: whoever has both can show that nobody changed it since."""


def read_interviews(folder: Path, names: Names) -> list[Interview]:
    """The notes of a folder; raises UsageError for what is none, and for each line with a name."""
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UsageError(f"{folder} can't be read as a folder ({error.strerror}).") from error
    found = []
    for path in paths:
        if path.suffix.lower() not in _SUFFIXES or path.is_dir():
            raise UsageError(f"{path} is no note: notes are files that end in .md or .txt.")
        text = "\n".join(read_text(path).splitlines()).strip()
        if not text:
            raise UsageError(f"{path} is empty.")
        found.append(Interview(file=path.name, suffix=path.suffix.lower(), text=f"{text}\n"))
    if not found:
        raise UsageError(f"{folder} has no notes.")
    require_no_names({each.file: each.text for each in found}, names)
    return found


def require_no_names(texts: Mapping[str, str], names: Names) -> None:
    """Raises UsageError with the lines of texts that have a name of a person of the school."""
    places = [(name, place) for name, text in texts.items() for place in names.places(text)]
    if not places:
        return
    shown = [f"{name}, line {place.line} (“{place.words}”)" for name, place in places[:_MAX_PLACES]]
    more = f" and {len(places) - _MAX_PLACES} more lines" if len(places) > _MAX_PLACES else ""
    raise UsageError(
        f"Names of people of the school stand in {'; '.join(shown)}{more}. Write what the person is "
        "instead; if it is an ordinary word there, repeat with `--allow WORD`. Nothing is written."
    )


def number_interviews(interviews: Sequence[Interview], path: Path) -> Sealed:
    """Give each of one or more interviews a number that it keeps, in a file for its owner alone.

    New numbers are drawn, so that their order says nothing. Raises UsageError.
    """
    salt, numbers = _read(path)
    new = [each.file for each in interviews if each.file not in numbers]
    random.SystemRandom().shuffle(new)
    first = max(numbers.values(), default=0) + 1
    numbers |= {file: first + at for at, file in enumerate(new)}
    # Without the salt, whoever guesses the names of files could try them against the hash.
    body = json.dumps({"salt": salt, "numbers": numbers}, ensure_ascii=False, indent=1) + "\n"
    if new:
        _write(path, body.encode())
    return Sealed(numbers=numbers, sha256=hashlib.sha256(read_bytes(path)).hexdigest())


def _read(path: Path) -> tuple[str, dict[str, int]]:
    if not path.exists():
        return secrets.token_hex(32), {}
    try:
        found: Any = json.loads(read_text(path))
        salt, numbers = found["salt"], dict(found["numbers"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(f"{path} is no file of interviews' numbers; name another one.") from error
    values = list(numbers.values())
    if (
        not isinstance(salt, str)
        or not all(type(each) is int and 0 < each < _MAX_NUMBER for each in values)
        or len(set(values)) < len(values)
    ):
        raise UsageError(f"{path} does not give each interview a number of its own.")
    return salt, numbers


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.partial")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except FileExistsError as error:
        raise UsageError(f"{partial} was left by a run that failed; remove it.") from error
    except OSError as error:
        raise UsageError(f"{path} can't be written ({error.strerror}).") from error
