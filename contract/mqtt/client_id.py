"""Client ids of the server's programs.

A client that connects with an id in use disconnects the client that had it. So nobody may guess
these ids: each ends in random digits.
"""

from __future__ import annotations

import secrets

__all__ = ["program_client_id"]


def program_client_id(program: str) -> str:
    """A new id for one run of a program such as `ingest`."""
    return f"roomtone-{program}-{secrets.token_hex(8)}"
