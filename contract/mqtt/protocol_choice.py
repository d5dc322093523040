"""Which version of MQTT to try next. Pure.

A broker without MQTT 5 says so, or closes the connection, or accepts it and stays silent. A broker
with MQTT 5 may do the last two as well, while it restarts or has no room. MQTT 3.1.1 hides what
the broker's access list refuses, so one connection with it decides nothing: the next one tries 5
first.
"""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["MqttVersion", "ProtocolChoice"]

MqttVersion = Literal["5", "3.1.1"]

_MAX_SILENT: Final = 2
"""Attempts with 5 in a row without an answer to the greeting, before 3.1.1 is tried."""
_MAX_SILENT_KNOWN: Final = 6
"""The same for a broker that has spoken 5 before."""


class ProtocolChoice:
    """Fixed unless `wanted` is "auto"; then it prefers `first`."""

    def __init__(self, wanted: Literal["auto", "5", "3.1.1"], *, first: MqttVersion = "5") -> None:
        self.version: MqttVersion = first if wanted == "auto" else wanted
        self._is_fixed = wanted != "auto" or first != "5"
        self._has_spoken_5 = False
        self._is_old = False
        self._silent = 0

    def ended(self) -> None:
        """A connection that the broker accepted has ended."""
        self._has_spoken_5 |= self.version == "5"
        if self._is_fixed or self._is_old:
            self._silent = 0
            return
        # If the broker has never spoken 5, one more silence is enough.
        self._silent = 0 if self._has_spoken_5 else _MAX_SILENT - 1
        self.version = "5"

    def refused(self, *, is_version: bool) -> None:
        """The broker answered the greeting with a refusal, perhaps of this version."""
        if is_version and not self._is_fixed:
            self._is_old = self.version == "5"
            self.version = "3.1.1" if self._is_old else "5"
        self._silent = 0

    def silent(self) -> None:
        """The broker accepted the connection and did not answer the greeting."""
        if self._is_fixed:
            return
        if self.version == "3.1.1":
            self.version, self._is_old = "5", False
            return
        self._silent += 1
        if self._silent >= (_MAX_SILENT_KNOWN if self._has_spoken_5 else _MAX_SILENT):
            self.version = "3.1.1"
            self._silent = 0 if self._has_spoken_5 else _MAX_SILENT - 1
