"""Time-based one-time passwords (RFC 6238), as an authenticator app shows them."""

from __future__ import annotations

from typing import Final

import pyotp

from contract.clock import SECOND_NS

__all__ = ["STEP_S", "new_key", "uri_of", "used_step"]

STEP_S: Final = 30
_ALLOWED_STEPS: Final = (0, -1, 1)
"""A phone's clock may be half a minute off."""


def new_key() -> str:
    """160 random bits in base 32."""
    return str(pyotp.random_base32())


def uri_of(key: str, sign_in_name: str) -> str:
    """The address in the QR code that an app scans."""
    return str(pyotp.TOTP(key).provisioning_uri(name=sign_in_name, issuer_name="Roomtone"))


def used_step(key: str, code: str, utc_ns: int, last_step: int) -> int | None:
    """The time step of a code that is right and was not used yet, to be stored; otherwise None."""
    now = utc_ns // (STEP_S * SECOND_NS)
    code = code.replace(" ", "")
    for step in (now + offset for offset in _ALLOWED_STEPS):
        if step > last_step and pyotp.utils.strings_equal(pyotp.TOTP(key).at(step * STEP_S), code):
            return step
    return None
