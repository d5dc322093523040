"""A hub's port: everything that pyserial can open, behind four methods.

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
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

import serial

from contract.errors import LinkError
from firmware_bridge.usb_ports import USB

__all__ = ["BytePort", "open_port", "port_fault"]

_MAX_AT_ONCE: Final = 16 << 10
"""A tty returns at most 4 KB at once, a socket more."""
_WRITE_WITHIN_S: Final = 0.5
"""The time limit of a write to a port without a file descriptor."""

_NO_DEVICE: Final = "there is no such device, is the hub plugged in"
_NOT_SETTLED: Final = (
    "it is not settled yet which socket that is, plug in all hubs of this kit and run `sudo roomtone "
    "enrol --ports`"
)
_NAME_ONE: Final = "name a serial device such as one in /dev/serial/by-id"


class BytePort(Protocol):
    """An open line to a hub. Every method raises LinkError when the line is gone."""

    def wait(self, timeout_s: float) -> bool:
        """Block until there are bytes to read (true) or the time is over (false)."""

    def read(self, gather_s: float = 0.0) -> bytes:
        """The bytes that are there now, or after `gather_s` more seconds; may be empty."""

    def write(self, data: bytes) -> bool:
        """Send a frame without waiting; false if the line has no room, and the frame is dropped."""

    def close(self) -> None:
        """Close the line; never raises."""


def open_port(port: str, baudrate: int) -> BytePort:
    """Open a port for this process only; raises LinkError, which says what to do."""
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
        return _BlockingPort(port, line)


def port_fault(port: str) -> str | None:
    """Why no hub can be at this path, as the end of a sentence; None if one may be there.

    It does not open the port, so an agent may be using it at the same time.
    """
    if port.startswith(USB):
        return _NOT_SETTLED
    if "://" in port:
        return None
    try:
        mode = Path(port).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _NO_DEVICE
    except (OSError, ValueError):
        return None  # opening the port gives a better reason
    if stat.S_ISCHR(mode):
        return None
    kinds = {stat.S_IFDIR: "a directory", stat.S_IFREG: "a plain file"}
    kind = kinds.get(stat.S_IFMT(mode), "a disk, a pipe or a socket")
    return f"it is {kind}, {_NAME_ONE}"


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


class _Port:
    """What both kinds of port share."""

    def __init__(self, name: str, line: serial.Serial) -> None:
        self._name = name
        self._line = line

    def close(self) -> None:
        with suppress(serial.SerialException, OSError):
            self._line.close()

    def _gone(self) -> LinkError:
        return LinkError(f"Port {self._name} is gone: the hub was unplugged or lost its power.")


class _PolledPort(_Port):
    """A port with a file descriptor: one system call waits, one reads."""

    def __init__(self, name: str, line: serial.Serial) -> None:
        super().__init__(name, line)
        self._file = line.fileno()
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN)
        # One buffer for all reads. A new one for each read, most of which is freed at once,
        # fragments the C heap, and a Pi's memory use grows for an hour.
        self._buffer = memoryview(bytearray(_MAX_AT_ONCE))
        self._unsent = b""
        """The rest of a partly written frame: without it the next frame would be damaged too."""

    def wait(self, timeout_s: float) -> bool:
        try:
            found = self._poll.poll(max(0.0, timeout_s * 1000))
        except OSError as error:
            raise self._gone() from error
        if found and not found[0][1] & select.POLLIN:
            raise self._gone()
        return bool(found)

    def read(self, gather_s: float = 0.0) -> bytes:
        if gather_s:
            time.sleep(gather_s)
        try:
            # One call returns all that a tty has; pyserial would ask a second time.
            n = os.readv(self._file, [self._buffer])
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._gone() from error
        if not n:
            raise self._gone()
        return bytes(self._buffer[:n])

    def write(self, data: bytes) -> bool:
        # Not pyserial's write: that checks its timeout after the kernel has taken the bytes, so a
        # program that did not run for a while would take a good line for a dead one.
        try:
            self._unsent = self._unsent[self._put(self._unsent) :]
            if self._unsent:
                return False
            taken = self._put(data)
        except OSError as error:
            raise self._gone() from error
        if 0 < taken < len(data):
            self._unsent = data[taken:]
        return taken > 0

    def _put(self, data: bytes) -> int:
        try:
            return os.write(self._file, data) if data else 0
        except BlockingIOError:
            return 0


class _BlockingPort(_Port):
    """A port without a descriptor (`loop://`): waits for one byte, then reads the rest."""

    def __init__(self, name: str, line: serial.Serial) -> None:
        super().__init__(name, line)
        self._first = b""

    def wait(self, timeout_s: float) -> bool:
        try:
            if not self._first and not self._line.in_waiting:
                self._line.timeout = max(0.0, timeout_s)
                self._first = self._line.read(1)
            return bool(self._first or self._line.in_waiting)
        except (serial.SerialException, OSError) as error:
            raise self._gone() from error

    def read(self, gather_s: float = 0.0) -> bytes:
        if gather_s:
            time.sleep(gather_s)
        try:
            first, self._first = self._first, b""
            rest: bytes = self._line.read(self._line.in_waiting or 0)
        except (serial.SerialException, OSError) as error:
            raise self._gone() from error
        return first + rest

    def write(self, data: bytes) -> bool:
        try:
            self._line.write(data)
        except serial.SerialTimeoutException:
            return False
        except (serial.SerialException, OSError) as error:
            raise self._gone() from error
        return True
