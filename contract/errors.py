"""The errors of Roomtone, as one tree.

RoomtoneError
├── UsageError (ValueError)            the command line is off                → exit code 2
│   └── ConfigurationError             a setting is unknown, missing or wrong → exit code 2
├── DecodeError (ValueError)           bytes from outside do not fit their format
│   ├── FrameError                     … on a serial line
│   ├── PayloadError                   … on an MQTT topic, in the outbox or in the store
│   └── UnknownVersionError            … because a later version wrote them: kept aside, not lost
├── LinkError (ConnectionError)        a port or broker is missing or gone: tried again
├── StoreError (OSError)               a database or the outbox can't be read or written
├── RecordingError (ValueError)        a recording to replay or evaluate is not usable
└── ModelError (ValueError)            a model file is missing, damaged or does not fit

Each message is one sentence: what happened, where, what to do. The command line prints it
without a traceback.
"""

from __future__ import annotations

__all__ = [
    "ConfigurationError",
    "DecodeError",
    "FrameError",
    "LinkError",
    "ModelError",
    "PayloadError",
    "RecordingError",
    "RoomtoneError",
    "StoreError",
    "UnknownVersionError",
    "UsageError",
]


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
        super().__init__(sentence or f"{where}: {key} is {value!r}, expected {expected}.")


class DecodeError(RoomtoneError, ValueError):
    """Bytes from outside do not fit their format; `where` names the field or offset."""

    def __init__(self, where: str, what: str) -> None:
        self.where, self.what = where, what
        super().__init__(f"{where}: {what}")


class FrameError(DecodeError):
    """A serial frame is damaged or of an unknown kind."""


class PayloadError(DecodeError):
    """An MQTT payload, or a stored one, does not fit its layout."""


class UnknownVersionError(PayloadError):
    """A payload says that a version of the format wrote it which this program does not know."""

    def __init__(self, where: str, version: object, known: int) -> None:
        self.version, self.known = version, known
        super().__init__(where, f"format version {version!r}, this program knows {known}")


class LinkError(RoomtoneError, ConnectionError):
    """A serial port or the broker can't be reached, or refused us."""


class StoreError(RoomtoneError, OSError):
    """A database or the outbox can't be opened, read or written."""


class RecordingError(RoomtoneError, ValueError):
    """A recording lacks a column, has wrong units, or is empty where it must not be."""


class ModelError(RoomtoneError, ValueError):
    """A model file is missing, damaged, or made for other features."""
