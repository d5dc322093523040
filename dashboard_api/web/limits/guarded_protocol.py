"""HTTP on one connection, with a time limit for each step of the client.

uvicorn closes a connection that is idle between two requests. It has no limit for a request whose
headers or body never end, for a client that reads nothing, or for the number of connections. Those
limits are here. `request_limits.py` has the limits that need a complete head of a request.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Final, Literal

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from dashboard_api.settings import DashboardSettings
from dashboard_api.web.limits.connection_gate import ConnectionGate
from dashboard_api.web.limits.guarded_socket import GuardedSocket, is_socket
from dashboard_api.web.limits.uploads import MIN_PROGRESS_BYTES, is_upload
from dashboard_api.web.network.callers import address_key
from dashboard_api.web.network.forwarded import is_in
from dashboard_api.web.refusals import RefusalCounts, raw_error_response

__all__ = ["GuardedProtocol"]

Phase = Literal["new", "idle", "head", "body", "answer", "socket"]
_RETRY_S: Final = 10
# The application answers a slow body first, with a better message.
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
        self._progress = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._send_deadline: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override]  # as in uvicorn
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(transport)
        peer = None if self.client is None else self.client[0]
        # A trusted proxy's connections serve everybody; `Forwarding` counts each one's requests.
        is_proxy = is_in(peer or "", self._settings.proxy_networks)
        admission = self._gate.admit(self, None if is_proxy else address_key(peer))
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
        if self._phase == "socket":
            return
        self._follow()
        if self._phase == "body" and self._is_upload():
            self._progress += len(data)
            if self._progress >= MIN_PROGRESS_BYTES:
                self._wait(self._settings.body_timeout_s + _BODY_GRACE_S)

    def _should_upgrade(self) -> bool:
        # Everywhere else a request to upgrade gets an ordinary response.
        return is_socket(self.scope["path"]) and super()._should_upgrade()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over; it keeps its place until its socket is closed."""
        self._clear()
        self._phase = "socket"
        self._gate.work(self)
        super().handle_websocket_upgrade(event)
        socket = self.transport.get_protocol()
        assert isinstance(socket, GuardedSocket)
        socket.guard(self._settings.send_timeout_s, self._counts, lambda: self._gate.leave(self))

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
        """Close this connection to make room for another one."""
        self._counts.add("evicted")
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn passes it
        """Answer invalid HTTP; uvicorn calls this while it handles the error."""
        status = getattr(sys.exception(), "error_status_hint", 400)
        self._counts.add("head_size" if status == 431 else "malformed")
        if _is_answering(self.cycle):
            self.transport.abort()  # a response has started, so another one can't
        elif status == 431:
            self._end(raw_error_response(431, "The request's address and headers are too long."))
        else:
            self._end(raw_error_response(400, "This is not a valid HTTP request."))

    def _follow(self) -> None:
        """Note what the connection waits for now, and until when.

        A limit counts from the start of a phase, so single bytes do not extend it.
        """
        if self.transport.is_closing():
            self._clear()
            return
        phase = self._current_phase()
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
        else:  # uvicorn closes an idle connection itself
            _cancel(self._deadline)
            self._gate.wait(self)

    def _current_phase(self) -> Phase:
        client_state = self.conn.their_state
        if client_state is h11.SEND_BODY:
            return "body"
        if client_state is not h11.IDLE:
            return "answer"
        if self.conn.trailing_data[0]:
            return "head"
        return "new" if self._phase == "new" else "idle"

    def _is_upload(self) -> bool:
        return is_upload(self.scope["method"], self.scope["path"])

    def _wait(self, seconds: float) -> None:
        self._progress = 0
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
        elif self._phase == "body" and self._is_upload() and self.flow.read_paused:
            self._wait(self._settings.body_timeout_s)  # it waits for our disk
        elif self._phase == "body":
            self._counts.add("body_time")
            self.transport.abort()
        else:  # browsers open connections in advance: there is no request to answer
            self.transport.close()

    def _stalled(self) -> None:
        self._counts.add("send_time")
        self.transport.abort()

    def _end(self, response: bytes) -> None:
        self._clear()
        self._unset_keepalive_if_required()
        self.transport.write(response)
        self.transport.close()

    def _clear(self) -> None:
        _cancel(self._deadline)
        _cancel(self._send_deadline)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()  # a second time changes nothing


def _is_answering(cycle: RequestResponseCycle | None) -> bool:
    return cycle is not None and cycle.response_started and not cycle.response_complete
