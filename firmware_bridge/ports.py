"""Where a hub's bytes come from: everything that pyserial opens, behind three methods.

`/dev/ttyACM0`, a pseudo-terminal, `socket://host:port`, `loop://`: see `serial.serial_for_url`.
"""

from __future__ import annotations

import errno
import io
import os
import select
import time
from typing import Final, Protocol

import serial

from contract.errors import LinkError

__all__ = ["BytePort", "open_port"]

_CHUNK: Final = 65536
_WRITE_WITHIN_S: Final = 0.5


class BytePort(Protocol):
    """An open line to a hub. Every method raises LinkError when the line is gone."""

    def wait(self, timeout_s: float) -> bool:
        """Block until bytes wait (true) or the time has passed (false)."""

    def read(self, gather_s: float = 0.0) -> bytes:
        """What waits now, or after `gather_s` more; may be empty."""

    def write(self, data: bytes) -> None:
        """Send all of it."""

    def close(self) -> None:
        """Let go of the line; never raises."""


def open_port(port: str, baudrate: int) -> BytePort:
    """Open a port for this process alone; raises LinkError with what to do."""
    try:
        line = serial.serial_for_url(
            port, baudrate=baudrate, timeout=0, write_timeout=_WRITE_WITHIN_S, exclusive=True
        )
    except (serial.SerialException, OSError, ValueError) as error:
        raise LinkError(f"Port {port} can't be opened: {_why(error)}.") from error
    try:
        return _PolledPort(port, line)
    except (io.UnsupportedOperation, AttributeError):
        return _AskedPort(port, line)


def _why(error: BaseException) -> str:
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return "there is no such device, is the hub plugged in"
    if number == errno.EACCES:
        return "permission denied, add the user to the port's group (dialout)"
    if number in (errno.EAGAIN, errno.EBUSY):
        return "another program has it open"
    if number == errno.ECONNREFUSED:
        return "nothing listens there"
    return str(error).rstrip(".") or type(error).__name__


def _gone(port: str, error: BaseException | None) -> LinkError:
    if isinstance(error, serial.SerialTimeoutException):
        return LinkError(
            f"Port {port} takes no bytes any more: unplug the hub and plug it in again."
        )
    return LinkError(f"Port {port} is gone: the hub was unplugged or lost its power.")


class _PolledPort:
    """A port with a file descriptor: one system call waits, one reads everything."""

    def __init__(self, name: str, line: serial.Serial) -> None:
        self._name = name
        self._line = line
        self._file = line.fileno()
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN)

    def wait(self, timeout_s: float) -> bool:
        try:
            found = self._poll.poll(max(0.0, timeout_s * 1000))
        except OSError as error:
            raise _gone(self._name, error) from error
        if found and not found[0][1] & select.POLLIN:
            raise _gone(self._name, None)
        return bool(found)

    def read(self, gather_s: float = 0.0) -> bytes:
        if gather_s:
            time.sleep(gather_s)
        try:
            # One call takes all that a tty hands over; pyserial would ask again first.
            data = os.read(self._file, _CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise _gone(self._name, error) from error
        if not data:
            raise _gone(self._name, None)
        return data

    def write(self, data: bytes) -> None:
        try:
            self._line.write(data)
        except (serial.SerialException, OSError, TypeError) as error:
            raise _gone(self._name, error) from error

    def close(self) -> None:
        try:
            self._line.close()
        except (serial.SerialException, OSError):
            return


class _AskedPort:
    """A port without a descriptor (`loop://`): waits on one byte, then takes the rest."""

    def __init__(self, name: str, line: serial.Serial) -> None:
        self._name = name
        self._line = line
        self._first = b""

    def wait(self, timeout_s: float) -> bool:
        try:
            if not self._first and not self._line.in_waiting:
                self._line.timeout = max(0.0, timeout_s)
                self._first = self._line.read(1)
            return bool(self._first or self._line.in_waiting)
        except (serial.SerialException, OSError) as error:
            raise _gone(self._name, error) from error

    def read(self, gather_s: float = 0.0) -> bytes:
        if gather_s:
            time.sleep(gather_s)
        try:
            first, self._first = self._first, b""
            rest: bytes = self._line.read(self._line.in_waiting or 0)
        except (serial.SerialException, OSError) as error:
            raise _gone(self._name, error) from error
        return first + rest

    def write(self, data: bytes) -> None:
        try:
            self._line.write(data)
        except (serial.SerialException, OSError) as error:
            raise _gone(self._name, error) from error

    def close(self) -> None:
        try:
            self._line.close()
        except (serial.SerialException, OSError):
            return
