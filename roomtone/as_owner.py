"""Runs a server's command as the user to whom the data belongs, when root started it.

A file that root makes in the data directory is one that the programs can't open: so `sudo roomtone
lesson import` goes on as the owner of the directory.
"""

from __future__ import annotations

import os
import pwd
import tomllib
from pathlib import Path
from typing import Final

from contract.errors import UsageError
from contract.files.text_file import read_text

__all__ = ["AS_OWNER", "become", "owner_of"]

AS_OWNER: Final = frozenset(
    {
        "admin",
        "aggregates",
        "aside",
        "audit",
        "dashboard",
        "evaluation",
        "fleet",
        "ingest",
        "kit",
        "lesson",
        "lti",
        "node",
        "oversight",
        "people",
        "purge",
        "replicate",
        "restore",
        "room",
        "roster",
        "school-year",
        "score",
        "seat",
        "site",
        "video",
    }
)
"""The commands that write into the data directory. Not `backup`: it writes where root may."""


def owner_of(config: Path) -> int:
    """The user id of the data directory's owner, or of the folder that it is to be made in.

    0 if the settings name none: the command itself says what is wrong with them.
    """
    try:
        named = tomllib.loads(read_text(config)).get("data_dir", "roomtone-data")
    except (UsageError, ValueError, RecursionError):
        return 0
    if not isinstance(named, str):
        return 0
    place = Path(named).absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return place.stat().st_uid


def become(user_id: int) -> str:
    """Give root's rights up for those of this user, for good; returns the user's name."""
    user = pwd.getpwuid(user_id)
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user_id)
    return user.pw_name
