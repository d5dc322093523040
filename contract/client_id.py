"""Client ids of the server's programs. A broker lets the later of two clients with one id push out
the earlier one, so nobody may be able to guess them: each ends in something random.
"""

from __future__ import annotations

import secrets

__all__ = ["program_client_id"]


def program_client_id(program: str) -> str:
    """An id for one run of a program, such as `ingest`."""
    return f"roomtone-{program}-{secrets.token_hex(8)}"
