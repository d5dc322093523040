"""Sends a signed report to a collector over HTTPS, and says what became of it."""

from __future__ import annotations

from typing import Final

import httpx2

from contract.errors import LinkError, NotTakenError, shortened

__all__ = ["REPORTS", "send"]

REPORTS: Final = "/reports"
"""Where a collector takes reports."""
_MAX_ANSWER: Final = 4_096
_TAKEN: Final = frozenset({200, 201})


def send(
    collector: str,
    envelope: bytes,
    timeout_s: float,
    transport: httpx2.BaseTransport | None = None,
) -> None:
    """Return once the collector holds it. Raises NotTakenError with its sentence, or LinkError.

    Follows no redirect: a report goes to the address of the settings alone.
    """
    address = collector.rstrip("/") + REPORTS
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    try:
        with (
            httpx2.Client(timeout=timeout_s, transport=transport, trust_env=False) as client,
            client.stream("POST", address, content=envelope, headers=headers) as answer,
        ):
            if answer.status_code in _TAKEN:
                return
            if answer.headers.get("content-encoding", "identity") != "identity":
                # Unpacked it could be of any size, and nobody asked for it.
                raise NotTakenError(
                    f"the collector refused it with {answer.status_code}, in a packed answer that is "
                    "not read."
                )
            text = b""
            for part in answer.iter_bytes(_MAX_ANSWER):
                text += part
                if len(text) >= _MAX_ANSWER:
                    break
    except httpx2.HTTPError as error:
        raise LinkError(
            f"the collector at {collector} did not answer: {shortened(str(error), 150)}; what was "
            "released stays as it is, and the same command sends it again."
        ) from error
    words = shortened(text.decode("utf-8", "replace").strip(), 300)
    raise NotTakenError(f"the collector refused it with {answer.status_code}: {words}")
