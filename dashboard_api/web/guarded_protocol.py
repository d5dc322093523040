"""HTTP on one connection, with a time limit for each thing that the peer has to do.

uvicorn closes a connection that is idle between two requests. It has no limit for a request whose
headers or body never end, for a peer that takes no bytes, and for the number of connections: those
are here. What can be answered in words of the request is answered in `request_limits.py`.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Final, Literal

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from dashboard_api.settings import DashboardSettings
from dashboard_api.web.callers import address_key
from dashboard_api.web.connection_gate import ConnectionGate
from dashboard_api.web.refusals import RefusalCounts, raw_error_response

__all__ = ["GuardedProtocol"]

Phase = Literal["new", "idle", "head", "body", "answer"]
_RETRY_S: Final = 10
# The application answers a slow body first, in its own words.
_BODY_GRACE_S: Final = 2.0


class GuardedProtocol(H11Protocol):
    """One connection."""

    def __init__(
        self,
        *args: Any,
        settings: DashboardSettings,
        gate: ConnectionGate[GuardedProtocol],
        counts: RefusalCounts,
        **named: Any,
    ) -> None:
        super().__init__(*args, **named)
        self._settings = settings
        self._gate = gate
        self._counts = counts
        self._phase: Phase = "new"
        self._deadline: asyncio.TimerHandle | None = None
        self._send_deadline: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override]  # as in uvicorn
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(transport)
        admission = self._gate.admit(
            self, address_key(None if self.client is None else self.client[0])
        )
        if admission.evicted is not None:
            admission.evicted.evict()
        if admission.full:
            self._counts.add("connections")
            whose = "of your address " if admission.full == "key" else ""
            status = 429 if admission.full == "key" else 503
            sentence = f"Too many connections {whose}are open; try again in {_RETRY_S} s."
            self._end(raw_error_response(status, sentence, retry_after_s=_RETRY_S))
            return
        self._wait(self._settings.head_timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._gate.leave(self)
        self._clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._follow()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._follow()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._gate.wait(self)
        self._send_deadline = self.loop.call_later(self._settings.send_timeout_s, self._stalled)

    def resume_writing(self) -> None:
        super().resume_writing()
        _cancel(self._send_deadline)
        if self._phase == "answer":
            self._gate.work(self)

    def evict(self) -> None:
        """Give way to another connection."""
        self._counts.add("evicted")
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn gives it
        """Answer what is no HTTP; uvicorn calls this while it handles the error."""
        status = getattr(sys.exception(), "error_status_hint", 400)
        self._counts.add("head_size" if status == 431 else "malformed")
        if _is_answering(self.cycle):
            self.transport.abort()  # an answer is under way: another can't begin
        elif status == 431:
            self._end(raw_error_response(431, "The request's address and headers are too long."))
        else:
            self._end(raw_error_response(400, "This is no valid HTTP request."))

    def _follow(self) -> None:
        """Note what the connection waits for now, and until when.

        A limit runs from the beginning of a phase: a byte now and then does not extend it.
        """
        if self.transport.is_closing():
            self._clear()
            return
        phase = self._found_phase()
        if phase == self._phase:
            return
        self._phase = phase
        if phase == "answer":
            _cancel(self._deadline)
            self._gate.work(self)
        elif phase == "body":
            self._wait(self._settings.body_timeout_s + _BODY_GRACE_S)
        elif phase == "head":
            self._wait(self._settings.head_timeout_s)
        else:  # uvicorn closes it when it has been idle for too long
            _cancel(self._deadline)
            self._gate.wait(self)

    def _found_phase(self) -> Phase:
        theirs = self.conn.their_state
        if theirs is h11.SEND_BODY:
            return "body"
        if theirs is not h11.IDLE:
            return "answer"
        if self.conn.trailing_data[0]:
            return "head"
        return "new" if self._phase == "new" else "idle"

    def _wait(self, seconds: float) -> None:
        _cancel(self._deadline)
        self._gate.wait(self)
        self._deadline = self.loop.call_later(seconds, self._expired)

    def _expired(self) -> None:
        if self.transport.is_closing():
            return
        if self._phase == "head":
            self._counts.add("head_time")
            seconds = f"{self._settings.head_timeout_s:g}"
            self._end(
                raw_error_response(408, f"The request's headers did not arrive within {seconds} s.")
            )
        elif self._phase == "body":
            self._counts.add("body_time")
            self.transport.abort()
        else:  # a browser opens connections in advance: an answer there would answer nothing
            self.transport.close()

    def _stalled(self) -> None:
        self._counts.add("send_time")
        self.transport.abort()

    def _end(self, last_words: bytes) -> None:
        self._clear()
        self._unset_keepalive_if_required()
        self.transport.write(last_words)
        self.transport.close()

    def _clear(self) -> None:
        _cancel(self._deadline)
        _cancel(self._send_deadline)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()  # a second time changes nothing


def _is_answering(cycle: RequestResponseCycle | None) -> bool:
    return cycle is not None and cycle.response_started and not cycle.response_complete
