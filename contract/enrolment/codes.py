"""The two forms of a code: six digits that a person types, and the text of a QR code.

The first digit says which open code is meant; the other five are the secret. The QR text also has
the server's address, a longer secret, and the fingerprint of the authority's certificate.
"""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from typing import Final, Literal

from contract.errors import UsageError

__all__ = [
    "DEFAULT_PORT",
    "MAX_SLOTS",
    "CodeForm",
    "KitCode",
    "QrText",
    "new_digits",
    "new_secret",
    "typed_code",
]

DEFAULT_PORT: Final = 8885
"""Where the server listens for kits that enrol."""
MAX_SLOTS: Final = 10
"""So many codes can be open at once: one digit says which."""

CodeForm = Literal["typed", "qr"]

_DIGITS: Final = 5
_SECRET_BYTES: Final = 16
_TYPED: Final = re.compile(r"\d{6}")
_QR: Final = re.compile(
    r"roomtone/1/(?P<host>[0-9A-Za-z.:_-]{1,253})/(?P<port>\d{1,5})/(?P<slot>\d)"
    r"/(?P<secret>[a-z2-7]{26})/(?P<fingerprint>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class KitCode:
    """What a kit knows of its code."""

    slot: int
    form: CodeForm
    secret: str
    fingerprint: bytes | None = None
    """SHA-256 of the authority's certificate; only a QR code has it."""

    @property
    def password(self) -> bytes:
        """What both sides put into the key exchange."""
        return f"{self.form}:{self.secret}".encode()


@dataclass(frozen=True, slots=True)
class QrText:
    """What a QR code holds."""

    host: str
    port: int
    slot: int
    secret: str
    fingerprint: bytes

    def __str__(self) -> str:
        return (
            f"roomtone/1/{self.host}/{self.port}/{self.slot}/{self.secret}/{self.fingerprint.hex()}"
        )

    @property
    def code(self) -> KitCode:
        return KitCode(self.slot, "qr", self.secret, self.fingerprint)

    @classmethod
    def parse(cls, text: str) -> QrText:
        """Read the text of a QR code; raises UsageError."""
        found = _QR.fullmatch(text.strip())
        if found is None or int(found["port"]) > 65_535:
            raise UsageError(
                "This is not the whole text of a Roomtone QR code; scan it again, or type the six "
                "digits with --code and name the server with --server."
            )
        return cls(
            found["host"], int(found["port"]), int(found["slot"]), found["secret"],
            bytes.fromhex(found["fingerprint"]),
        )  # fmt: skip


def typed_code(text: str) -> KitCode:
    """Read six digits, with or without spaces or dashes; raises UsageError."""
    digits = re.sub(r"[\s-]", "", text)
    if not (digits.isascii() and _TYPED.fullmatch(digits)):
        raise UsageError(
            "A code has six digits, such as 482 913; read it again from the page of the room."
        )
    return KitCode(int(digits[0]), "typed", digits[1:])


def new_digits() -> str:
    """The secret digits of a new code."""
    return f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"


def new_secret() -> str:
    """The secret of a new QR code: 128 bits."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode().rstrip("=").lower()
