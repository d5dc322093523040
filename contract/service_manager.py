"""What a program reports to systemd: that it is ready, that its work moves, and how it is.

systemd names a socket in NOTIFY_SOCKET and takes one datagram for each report (sd_notify(3)). For a unit
with `WatchdogSec=` it also says after how many microseconds without a sign of life it ends the program
and starts it again. Without these variables, as on a developer's machine, nothing is sent.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, MutableMapping

from contract.one_line import one_line

__all__ = ["ServiceManager"]

_LOG = logging.getLogger("service")


class ServiceManager:
    """systemd, as the program that it started sees it. Any thread may report.

    A report that can't be sent waits for the next call, and the first of them is logged: nothing holds
    up the program's work.
    """

    def __init__(
        self,
        *,
        address: str | None = None,
        watchdog_s: float | None = None,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._address = _socket_address(address) if address else None
        # Four signs in each span: three may be late.
        self._each_ns = None if watchdog_s is None else round(watchdog_s * 1e9 / 4)
        self._monotonic_ns = monotonic_ns
        self._sign_ns: int | None = None
        self._is_ready = False
        self._status = ""
        self._is_failing = False

    @classmethod
    def of_environment(cls, environment: MutableMapping[str, str] = os.environ) -> ServiceManager:
        """The manager that the environment names; its variables are removed, as no child may use them."""
        address = environment.pop("NOTIFY_SOCKET", None)
        microseconds = environment.pop("WATCHDOG_USEC", "")
        is_ours = environment.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        has_watchdog = is_ours and microseconds.isascii() and microseconds.isdigit()
        return cls(
            address=address, watchdog_s=int(microseconds) / 1e6 if has_watchdog else None
        )  # fmt: skip

    @property
    def is_listening(self) -> bool:
        """Whether there is a manager at all."""
        return self._address is not None

    def ready(self) -> None:
        """Report, once, that the program does its work."""
        if not self._is_ready:
            self._is_ready = self._send("READY=1")

    def alive(self) -> None:
        """Report that the work moves; call it as often as you like, it sends what the watchdog needs."""
        if self._each_ns is None:
            return
        now_ns = self._monotonic_ns()
        is_due = self._sign_ns is None or now_ns - self._sign_ns >= self._each_ns
        if is_due and self._send("WATCHDOG=1"):
            self._sign_ns = now_ns

    def status(self, text: str) -> None:
        """Report how the program is, for people; `systemctl status` shows it."""
        if text != self._status and self._send(f"STATUS={one_line(text)}"):
            self._status = text

    def stopping(self) -> None:
        """Report that the program ends, and may take its time."""
        self._send("STOPPING=1")

    def _send(self, report: str) -> bool:
        if self._address is None:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)  # a manager that hangs must not hold up the work
                sender.sendto(report.encode(), self._address)
        except OSError as error:
            if not self._is_failing:
                self._is_failing = True
                _LOG.warning(
                    "systemd does not take the report %r (%s); if it waits for a sign of life, it "
                    "will restart this program.", report, error.strerror,
                )  # fmt: skip
            return False
        return True


def _socket_address(address: str) -> str:
    """`@name` is a name in the kernel's own space, which begins with a zero byte."""
    return "\0" + address[1:] if address.startswith("@") else address
