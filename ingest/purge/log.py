"""The record of purges: what kind of data was removed and when, chained and signed.

That a person left is a line of its own kind, since a restored backup must not bring them back.

`purge-log.jsonl` has one JSON object a line. `before` is the SHA-256 of the line before, so a line
that was changed, removed or inserted makes all later lines wrong. `signature` is an HMAC-SHA-256 of
the rest of the line. Its key is made at the first purge and stays in `purge-key`, which only its
owner can read. The signature proves that whoever wrote the line could read that key. It proves
nothing against whoever runs the server, who can read it too. The loss of the last lines is visible
only to someone who noted the newest line's hash elsewhere: that is why the command prints it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from contract.errors import StoreError
from contract.files.plain_file import read_plain_file
from contract.files.sqlite_file import make_directory
from ingest.purge.requests import PersonLeft, PurgeRequest, write_whole

__all__ = ["KEY", "LOG", "PurgeLog", "PurgeRecord"]

LOG: Final = "purge-log.jsonl"
KEY: Final = "purge-key"
_START: Final = "0" * 64
_KEY_BYTES: Final = 32
_MAX_KEY: Final = 1_024
_MAX_LOG: Final = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeRecord:
    """One line of the log that has been verified."""

    number: int
    done_utc_ns: int
    request: PurgeRequest | PersonLeft
    removed: dict[str, int]
    hash: str
    """The hash of the line; the next line has it as `before`."""


class PurgeLog:
    """The log of one data directory."""

    def __init__(self, data_dir: Path, *, key: Path | None = None) -> None:
        self.path = data_dir / LOG
        self._key = key or data_dir / KEY

    def append(
        self, request: PurgeRequest, removed: dict[str, int], *, done_utc_ns: int
    ) -> PurgeRecord:
        """Record a purge durably; raises StoreError if the log does not verify."""
        return self._append(request, {"purge": request, "removed": removed}, done_utc_ns)

    def append_left(self, left: PersonLeft, *, done_utc_ns: int) -> PurgeRecord:
        """Record that someone left, likewise."""
        return self._append(left, {"left": left, "removed": {}}, done_utc_ns)

    def _append(
        self, request: PurgeRequest | PersonLeft, what: dict[str, Any], done_utc_ns: int
    ) -> PurgeRecord:
        make_directory(self.path.parent)
        earlier, records = self._read()
        known = [record for record in records if record.request.id == request.id]
        if known:
            return known[0]  # recorded before a crash
        fields: dict[str, Any] = {
            "n": len(records) + 1,
            "done_utc_ns": done_utc_ns,
            **{
                key: value.model_dump(mode="json") if isinstance(value, BaseModel) else value
                for key, value in what.items()
            },
            "before": records[-1].hash if records else _START,
        }
        try:
            fields["signature"] = _signature(self._key_made(), fields)
            line = _text(fields)
            # All or nothing: half a line, or half a key, would break every later signature.
            write_whole(self.path, earlier + line + b"\n")
        except StoreError:
            raise
        except OSError as error:
            raise StoreError(f"{self.path} can't be written ({error.strerror}).") from error
        return _purge_record(fields, line)

    def verified(self) -> list[PurgeRecord]:
        """All records; raises StoreError, which names the first line that was changed."""
        return self._read()[1]

    def _read(self) -> tuple[bytes, list[PurgeRecord]]:
        """The text of the log, and its records."""
        try:
            text = read_plain_file(self.path, max_bytes=_MAX_LOG, follow_links=True)
        except FileNotFoundError:
            return b"", []
        except StoreError:
            raise
        except OSError as error:
            raise StoreError(f"{self.path} can't be read ({error.strerror}).") from error
        if not text:
            return b"", []
        if not text.endswith(b"\n"):
            raise self._wrong(text.count(b"\n") + 1, "it is cut off")
        try:
            key = read_plain_file(self._key, max_bytes=_MAX_KEY, follow_links=True)
        except StoreError:
            raise
        except OSError as error:
            raise StoreError(
                f"{self._key} can't be read ({error.strerror}): without it the signatures of "
                f"{self.path.name} can't be checked."
            ) from error
        records: list[PurgeRecord] = []
        before = _START
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                fields = json.loads(line)
                signature = fields.pop("signature")
                is_signed = hmac.compare_digest(signature, _signature(key, fields))
                record = _purge_record(fields, line)
                follows = fields["before"] == before and record.number == number
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise self._wrong(number, "it is no record") from error
            if not is_signed:
                raise self._wrong(number, "its signature does not fit")
            if not follows:
                raise self._wrong(number, "a line before it was changed, removed or added")
            before = record.hash
            records.append(record)
        return text, records

    def _wrong(self, number: int, why: str) -> StoreError:
        return StoreError(
            f"{self.path}, line {number} is not as it was written: {why}. Compare it with a "
            "backup's, and find out who changed it."
        )

    def _key_made(self) -> bytes:
        if not os.path.lexists(self._key):
            write_whole(self._key, secrets.token_bytes(_KEY_BYTES))
        return read_plain_file(self._key, max_bytes=_MAX_KEY, follow_links=True)


def _text(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def _signature(key: bytes, fields: dict[str, Any]) -> str:
    return hmac.new(key, _text(fields), hashlib.sha256).hexdigest()


def _purge_record(fields: dict[str, Any], line: bytes) -> PurgeRecord:
    request = (
        PersonLeft.model_validate(fields["left"])
        if "left" in fields
        else PurgeRequest.model_validate(fields["purge"])
    )
    return PurgeRecord(
        number=fields["n"],
        done_utc_ns=fields["done_utc_ns"],
        request=request,
        removed=dict(fields["removed"]),
        hash=hashlib.sha256(line).hexdigest(),
    )
