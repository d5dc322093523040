"""Which USB socket `usb:1`, `usb:2` and so on are on this Pi, written down once for good.

Whoever describes a room does not know the sockets of its Pi yet. The kernel names a serial device by
the path of its socket in /dev/serial/by-path; in the order of these names the first one is `usb:1`.
The order is settled while all hubs are plugged in, and the path then stands in the settings: a hub that
is missing later can't make another one take its seats.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from contract.errors import UsageError

__all__ = ["BY_PATH", "USB", "pin_ports"]

BY_PATH: Final = Path("/dev/serial/by-path")
USB: Final = "usb:"
"""How a port begins whose socket is not settled yet."""
_PORT: Final = re.compile(r'^(\s*port\s*=\s*)"usb:(\d{1,2})"', re.MULTILINE)
_NUMBER: Final = re.compile(r"(\d+)")
_SECOND_NAME: Final = re.compile(r"-usbv\d+-")
"""Newer versions of udev have a second name for the same socket."""


def pin_ports(settings: str, by_path: Path | None = None) -> str:
    """An edge.toml with the sockets' paths instead of `usb:N`.

    Raises UsageError, with what to do, unless exactly as many hubs are plugged in as it names.
    """
    wanted = sorted({int(number) for _, number in _PORT.findall(settings)})
    if not wanted:
        return settings
    found = _sockets(BY_PATH if by_path is None else by_path)
    if wanted != list(range(1, len(wanted) + 1)) or len(found) != len(wanted):
        names = f" ({', '.join(path.name for path in found)})" if found else ""
        raise UsageError(
            f"The settings of this kit name {len(wanted)} hubs on USB sockets, and "
            f"{len(found)} serial devices are plugged in{names}. Plug in exactly the hubs of this kit, "
            "hub 1 into the first socket and so on, and try again."
        )
    return _PORT.sub(lambda match: f'{match[1]}"{found[int(match[2]) - 1]}"', settings)


def _sockets(by_path: Path) -> list[Path]:
    """The serial devices in the order of their sockets; 1.10 comes after 1.9."""
    try:
        names = [each.name for each in by_path.iterdir() if not _SECOND_NAME.search(each.name)]
    except OSError:
        return []
    return [by_path / name for name in sorted(names, key=_order)]


def _order(name: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBER.split(name) if part
    ]
