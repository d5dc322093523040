"""The node's own microphone: samples in, levels of eighth-seconds out, and nothing else.

Samples are in memory for less than a second: in the pipe, in the block being read, and in the
0.3 s that the weighting filter needs. They are never written, sent, logged or passed on.
"""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Callable
from typing import IO, Final

import numpy as np

from contract.backoff import Backoff
from contract.clock import Clock
from contract.quantities.sound import AWeighting
from edge_agent.sensing.periods import MICROPHONE
from firmware_bridge.events import HubEvent, Levels

__all__ = ["Microphone"]

log = logging.getLogger(__name__)

_RATE_HZ: Final = 48_000
_SAMPLE_BYTES: Final = 4
_LEVEL_NS: Final = 125_000_000
_PIECE_BYTES: Final = _RATE_HZ // 8 * _SAMPLE_BYTES
_FOLLOW: Final = 0.01
"""The share of the distance to the arrival time by which a level's time is corrected."""
_TORN_NS: Final = 500_000_000
"""If the arrival is further off than this, sound is missing: the count of samples restarts."""


class Microphone:
    """Runs a recording program, restarts it when it ends, and sends levels to a sink."""

    def __init__(
        self,
        *,
        command: tuple[str, ...],
        full_scale_db: float,
        clock: Clock,
        sink: Callable[[HubEvent], None],
    ) -> None:
        self._command = command
        self._full_scale_db = full_scale_db
        self._clock = clock
        self._sink = sink

    def run(self, stop: threading.Event) -> None:
        """Start the program, read its output, and start it again when it ends, until `stop`."""
        backoff = Backoff(first_s=1, max_s=15)
        while not stop.is_set():
            try:
                heard = self._run_once(stop)
                why = "it ended"
            except OSError as error:
                heard, why = False, error.strerror or str(error)
            if stop.is_set():
                return
            if heard:
                backoff.reset()
            wait_s = backoff.failed()
            log.warning(
                "The microphone's program %r gives no sound (%s): trying again in %g s.",
                self._command[0], why, wait_s,
            )  # fmt: skip
            stop.wait(wait_s)

    def listen(self, source: IO[bytes], stop: threading.Event) -> bool:
        """Turn raw S32_LE mono at 48 kHz into levels until the source ends; whether any came."""
        weighting = AWeighting(full_scale_db=self._full_scale_db, rate_hz=_RATE_HZ)
        begins_ns: float | None = None
        held = b""
        while not stop.is_set():
            piece = source.read(_PIECE_BYTES - len(held))
            if not piece:
                break
            held += piece
            if len(held) < _PIECE_BYTES:
                continue
            arrived_ns = self._clock.boot_ns()
            levels = weighting.short_laeq(np.frombuffer(held, dtype="<i4"))
            held = b""
            began_ns = arrived_ns - _LEVEL_NS
            if begins_ns is None or abs(began_ns - begins_ns) > _TORN_NS:
                if begins_ns is not None:
                    weighting.forget()
                begins_ns = began_ns
            begins_ns += _FOLLOW * (began_ns - begins_ns)
            times = round(begins_ns) + np.arange(len(levels), dtype=np.int64) * _LEVEL_NS
            self._sink(Levels(hub=MICROPHONE, boot_ns=times, laeq=levels))
            begins_ns += _LEVEL_NS
        return begins_ns is not None

    def _run_once(self, stop: threading.Event) -> bool:
        with subprocess.Popen(  # noqa: S603 - the settings name the program
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        ) as program:
            assert program.stdout is not None
            # A read ends only when the program does, so `stop` has to end the program.
            ender = threading.Thread(
                target=_end, args=(program, stop), name="microphone's end", daemon=True
            )
            ender.start()
            try:
                return self.listen(program.stdout, stop)
            finally:
                program.terminate()
                ender.join()


def _end(program: subprocess.Popen[bytes], stop: threading.Event) -> None:
    while program.poll() is None and not stop.wait(0.2):
        pass
    program.terminate()
    try:
        program.wait(1.0)
    except subprocess.TimeoutExpired:
        program.kill()
