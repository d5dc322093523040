"""The errors of Roomtone, as one tree.

RoomtoneError
├── UsageError (ValueError)            the command line is wrong               → exit code 2
│   └── ConfigurationError             a setting is unknown, missing or wrong → exit code 2
├── DecodeError (ValueError)           bytes from outside do not fit their format
│   ├── FrameError                     … on a serial line
│   ├── PayloadError                   … on an MQTT topic, in the outbox or in the store
│   └── UnknownVersionError            … because a later version wrote them: kept aside, not lost
├── LinkError (ConnectionError)        a port or broker is missing or gone: the program retries
├── RefusedError (ValueError)          a store has no room for more of this kind from one node
├── StoreError (OSError)               a database or the outbox can't be read or written
│   └── UnfitFileError                 … because a file is of another kind, or too large
├── EnrolmentError (ValueError)        a kit gets no certificate, or can't prove a code
├── NotTakenError (RuntimeError)       a collector did not take a report
├── KitAnswerError (RuntimeError)      a kit did not do what it was asked, or did not answer
├── VideoRefusedError (ValueError)     a lesson's video is not one that can be taken in
│   └── NoSoundError                   … only not lined up by itself, because it has no sound
├── RecordingError (ValueError)        a recording to replay or evaluate is not usable
└── ModelError (ValueError)            a model file is missing, damaged or does not fit

Each message is one sentence: what happened, where, what to do. The command line prints it
without a traceback.
"""

from __future__ import annotations

from pathlib import Path

from contract.one_line import one_line

__all__ = [
    "ConfigurationError",
    "DecodeError",
    "EnrolmentError",
    "FrameError",
    "KitAnswerError",
    "LinkError",
    "ModelError",
    "NoSoundError",
    "NotTakenError",
    "PayloadError",
    "RecordingError",
    "RefusedError",
    "RoomtoneError",
    "StoreError",
    "UnfitFileError",
    "UnknownVersionError",
    "UsageError",
    "VideoRefusedError",
    "brief",
    "brief_of",
    "shortened",
]

_MAX_WHERE = 80
_MAX_WHAT = 200


def brief(value: object, length: int = 40) -> str:
    """A value as an error may print it: short, on one line, whatever it is."""
    if isinstance(value, int) and value.bit_length() > 64:
        return f"a number of {value.bit_length()} bits"  # Python refuses to print the longest
    return shortened(repr(value), length)


def brief_of(error: BaseException) -> str:
    """An unexpected error, with the name of its class."""
    return shortened(f"{type(error).__name__}: {error}", 200)


def shortened(text: str, length: int) -> str:
    """A text on one line, cut to a length."""
    if len(text) > length:
        text = text[: length - 1] + "…"
    return one_line(text)


class RoomtoneError(Exception):
    """Anything that Roomtone reports to a person in one sentence."""

    exit_code = 1


class UsageError(RoomtoneError, ValueError):
    """The command line asks for something that can't be done as written."""

    exit_code = 2


class ConfigurationError(UsageError):
    """A setting is unknown, missing or wrong."""

    def __init__(
        self, where: str, key: str, value: object, expected: str, *, sentence: str | None = None
    ) -> None:
        self.where, self.key, self.value, self.expected = where, key, value, expected
        super().__init__(sentence or f"{where}: {key} is {brief(value, 200)}, expected {expected}.")


class DecodeError(RoomtoneError, ValueError):
    """Bytes from outside do not fit their format; `where` names the field or offset."""

    def __init__(self, where: str, what: str) -> None:
        # Both may quote what a stranger sent, and both end up in a log and in the store.
        self.where, self.what = shortened(where, _MAX_WHERE), shortened(what, _MAX_WHAT)
        super().__init__(f"{self.where}: {self.what}")


class FrameError(DecodeError):
    """A serial frame is damaged or of an unknown kind."""


class PayloadError(DecodeError):
    """An MQTT payload, or a stored one, does not fit its layout."""


class UnknownVersionError(PayloadError):
    """A payload is of a format version that this program does not know."""

    def __init__(self, where: str, version: object, known: int) -> None:
        super().__init__(where, f"format version {brief(version)}, this program knows {known}")


class LinkError(RoomtoneError, ConnectionError):
    """A serial port or the broker can't be reached, or refused us."""


class RefusedError(RoomtoneError, ValueError):
    """Some of the records exceed a limit. Nothing was kept; without them the rest can be.

    `refused` has each of these records with its reason.
    """

    def __init__(self, refused: list[tuple[object, str]]) -> None:
        self.refused = refused
        super().__init__("; ".join(reason for _, reason in refused[:3]))


class StoreError(RoomtoneError, OSError):
    """A database or the outbox can't be opened, read or written."""


class UnfitFileError(StoreError):
    """What is in a file's place can't be read as a file; `why` is a clause with the reason."""

    def __init__(self, path: Path, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path} can't be used: {why}.")


class EnrolmentError(RoomtoneError, ValueError):
    """The authority gives a kit no certificate; `reason` is one word for programs."""

    def __init__(self, reason: str, sentence: str) -> None:
        self.reason = reason
        super().__init__(sentence)


class NotTakenError(RoomtoneError, RuntimeError):
    """A collector did not take a report, and said why."""


class KitAnswerError(RoomtoneError, RuntimeError):
    """A kit did not do what somebody asked of it, or did not answer."""


class VideoRefusedError(RoomtoneError, ValueError):
    """A lesson's video is damaged, of another kind, or asks for more than a lesson needs."""


class NoSoundError(VideoRefusedError):
    """A lesson's video can be watched, but has no sound to line it up by."""


class RecordingError(RoomtoneError, ValueError):
    """A recording has no such column, has wrong units, or is empty where it must not be."""


class ModelError(RoomtoneError, ValueError):
    """A model file is missing, damaged, or made for other features."""
