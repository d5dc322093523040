"""Where a hub's bytes come from: everything that pyserial opens, behind three methods.

`/dev/ttyACM0`, a pseudo-terminal, `socket://host:port`, `loop://`: see `serial.serial_for_url`.
"""

from __future__ import annotations

import errno
import io
import os
import select
import stat
import termios
import time
from pathlib import Path
from typing import Final, Protocol

import serial

from contract.errors import LinkError

__all__ = ["BytePort", "open_port", "port_fault"]

_MAX_AT_ONCE: Final = 16 << 10
"""A tty hands over 4 KB at most, a socket more."""
_WRITE_WITHIN_S: Final = 0.5
"""Where there is no descriptor to write to."""

_NO_DEVICE: Final = "there is no such device, is the hub plugged in"
_NAME_ONE: Final = "name a serial device such as one in /dev/serial/by-id"


class BytePort(Protocol):
    """An open line to a hub. Every method raises LinkError when the line is gone."""

    def wait(self, timeout_s: float) -> bool:
        """Block until bytes wait (true) or the time has passed (false)."""

    def read(self, gather_s: float = 0.0) -> bytes:
        """What waits now, or after `gather_s` more; may be empty."""

    def write(self, data: bytes) -> bool:
        """Send a frame without waiting; false when the line has no room and the frame is dropped."""

    def close(self) -> None:
        """Let go of the line; never raises."""


def open_port(port: str, baudrate: int) -> BytePort:
    """Open a port for this process alone; raises LinkError with what to do."""
    fault = port_fault(port)
    if fault is not None:
        raise LinkError(f"Port {port} can't be opened: {fault}.")
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


def port_fault(port: str) -> str | None:
    """Why no hub can be on this path, as the end of a sentence; None where one may be.

    It looks at what is there and opens nothing, so an agent may have the port at the same time.
    """
    if "://" in port:
        return None
    try:
        mode = Path(port).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _NO_DEVICE
    except (OSError, ValueError):
        return None  # what opening says is more to the point
    if stat.S_ISCHR(mode):
        return None
    is_what = "a directory" if stat.S_ISDIR(mode) else "a plain file"
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        is_what = "a disk, a pipe or a socket"
    return f"it is {is_what}, {_NAME_ONE}"


def _why(error: BaseException) -> str:
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return _NO_DEVICE
    if number == errno.ENOTTY or _is_no_terminal(error):
        return f"it is no serial device, {_NAME_ONE}"
    if number == errno.EACCES:
        return "permission denied, add the user to the port's group (dialout)"
    if number in (errno.EAGAIN, errno.EBUSY):
        return "another program has it open"
    if number == errno.ECONNREFUSED:
        return "nothing listens there"
    return str(error).rstrip(".") or type(error).__name__


def _is_no_terminal(error: BaseException) -> bool:
    # pyserial raises an error of its own while it handles that of termios.
    cause = error.__context__
    return isinstance(cause, termios.error) and cause.args[0] == errno.ENOTTY


def _gone(port: str) -> LinkError:
    return LinkError(f"Port {port} is gone: the hub was unplugged or lost its power.")


class _PolledPort:
    """A port with a file descriptor: one system call waits, one reads everything."""

    def __init__(self, name: str, line: serial.Serial) -> None:
        self._name = name
        self._line = line
        self._file = line.fileno()
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN)
        # One for all reads: a new one for each, of which nearly all is given back at once, tears
        # the C heap into holes, and a Pi's memory fills for an hour.
        self._buffer = memoryview(bytearray(_MAX_AT_ONCE))
        self._unsent = b""
        """The rest of a frame that found no room: without it the next one would be spoiled."""

    def wait(self, timeout_s: float) -> bool:
        try:
            found = self._poll.poll(max(0.0, timeout_s * 1000))
        except OSError as error:
            raise _gone(self._name) from error
        if found and not found[0][1] & select.POLLIN:
            raise _gone(self._name)
        return bool(found)

    def read(self, gather_s: float = 0.0) -> bytes:
        if gather_s:
            time.sleep(gather_s)
        try:
            # One call takes all that a tty hands over; pyserial would ask again first.
            n = os.readv(self._file, [self._buffer])
        except BlockingIOError:
            return b""
        except OSError as error:
            raise _gone(self._name) from error
        if not n:
            raise _gone(self._name)
        return bytes(self._buffer[:n])

    def write(self, data: bytes) -> bool:
        # Not pyserial's: that looks at its watch after the kernel has taken the bytes, so a program
        # that was kept from running for a while took a good line for a dead one.
        try:
            self._unsent = self._unsent[self._put(self._unsent) :]
            if self._unsent:
                return False
            taken = self._put(data)
        except OSError as error:
            raise _gone(self._name) from error
        if 0 < taken < len(data):
            self._unsent = data[taken:]
        return taken > 0

    def _put(self, data: bytes) -> int:
        try:
            return os.write(self._file, data) if data else 0
        except BlockingIOError:
            return 0

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
            raise _gone(self._name) from error

    def read(self, gather_s: float = 0.0) -> bytes:
        if gather_s:
            time.sleep(gather_s)
        try:
            first, self._first = self._first, b""
            rest: bytes = self._line.read(self._line.in_waiting or 0)
        except (serial.SerialException, OSError) as error:
            raise _gone(self._name) from error
        return first + rest

    def write(self, data: bytes) -> bool:
        try:
            self._line.write(data)
        except serial.SerialTimeoutException:
            return False
        except (serial.SerialException, OSError) as error:
            raise _gone(self._name) from error
        return True

    def close(self) -> None:
        try:
            self._line.close()
        except (serial.SerialException, OSError):
            return
