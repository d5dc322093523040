"""The node's own microphone: samples in, levels of eighth-seconds out, and nothing else.

Samples are in memory for less than a second: in the pipe, in the block being read, and in the
0.3 s that the weighting filter needs. They are never written, sent, logged or passed on.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from typing import IO, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from contract.backoff import Backoff
from contract.finding import Finding
from contract.quantities.sound import AWeighting
from contract.wire.messages import SensorFault
from edge_agent.sources.protocol import MICROPHONE, Wiring
from edge_agent.sources.sound_settings import MicrophoneSettings
from firmware_bridge.events import Levels

__all__ = ["Microphone"]

log = logging.getLogger(__name__)

_CLOSED_S: Final = 0.05
"""How soon the beginning of a lesson is noticed."""
_RATE_HZ: Final = 48_000
_SAMPLE_BYTES: Final = 4
_LEVEL_NS: Final = 125_000_000
_PIECE_BYTES: Final = _RATE_HZ // 8 * _SAMPLE_BYTES
_FOLLOW: Final = 0.01
"""The share of the distance to the arrival time by which a level's time is corrected."""
_MUTE_LEVELS: Final = 40
"""After so many levels without sound, five seconds, the microphone is said to be mute."""
_TORN_NS: Final = 500_000_000
"""If the arrival is further off than this, sound is missing: the count of samples restarts."""


class Microphone:
    """Runs a recording program while the gate is open, and sends levels to the sink.

    Outside lessons the program does not run. It is started again when it ends.
    """

    Settings: ClassVar = MicrophoneSettings

    def __init__(self, settings: MicrophoneSettings, wiring: Wiring) -> None:
        self._command = settings.command
        self._full_scale_db = settings.full_scale_db
        self._wiring = wiring
        self._starts = 0
        self._is_up = False
        self._mute = 0
        """Eighths of a second in which all samples were alike."""
        self._fault: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Start the program, read its output, and start it again when it ends, until `stop`."""
        backoff = Backoff(first_s=1, max_s=15)
        while not stop.is_set():
            if not self._is_wanted():
                stop.wait(_CLOSED_S)
                continue
            try:
                heard = self._run_once(stop)
                why = "it ended"
            except OSError as error:
                heard, why = False, error.strerror or str(error)
            if stop.is_set():
                return
            if heard:
                backoff.reset()
            if not self._is_wanted():
                continue
            wait_s = backoff.failed()
            self._fault = f"The microphone's program {self._command[0]!r} gives no sound ({why})"
            log.warning("%s: trying again in %g s.", self._fault, wait_s)
            stop.wait(wait_s)

    def identify(self, seconds: int = 5) -> None:
        """A microphone has no light."""

    def counters(self) -> Mapping[str, int]:
        return {"is_up": int(self._is_up), "reconnects": max(0, self._starts - 1)}

    def faults(self) -> tuple[SensorFault, ...]:
        if self._fault is None:
            return ()
        said = f"{self._fault[:200]}; check that it is plugged in, and [sound] command."
        return (SensorFault(hub="microphone", kind="absent", said=said),)

    @classmethod
    def look_over(cls, settings: MicrophoneSettings) -> Iterator[Finding]:
        """Whether the program is installed."""
        program = settings.command[0]
        found = shutil.which(program)
        yield Finding(
            about="microphone", state="fine" if found else "wrong",
            said=f"{program} is installed" if found else f"there is no program {program}",
            advice="" if found else "apt-get install alsa-utils, or correct [sound] command",
        )  # fmt: skip

    def _is_wanted(self) -> bool:
        return self._wiring.gate.is_open(self._wiring.clock.boot_ns())

    def listen(self, source: IO[bytes], stop: threading.Event) -> bool:
        """Turn raw S32_LE mono at 48 kHz into levels until the source or the lesson ends.

        Returns whether any came.
        """
        weighting = AWeighting(full_scale_db=self._full_scale_db, rate_hz=_RATE_HZ)
        begins_ns: float | None = None
        held = b""
        while not stop.is_set() and self._is_wanted():
            piece = source.read(_PIECE_BYTES - len(held))
            if not piece:
                break
            held += piece
            if len(held) < _PIECE_BYTES:
                continue
            arrived_ns = self._wiring.clock.boot_ns()
            samples = np.frombuffer(held, dtype="<i4")
            levels = weighting.short_levels(samples)
            self._judge(samples, levels)
            del samples
            held = b""
            began_ns = arrived_ns - _LEVEL_NS
            if begins_ns is None or abs(began_ns - begins_ns) > _TORN_NS:
                if begins_ns is not None:
                    weighting.forget()
                begins_ns = began_ns
            begins_ns += _FOLLOW * (began_ns - begins_ns)
            times = round(begins_ns) + np.arange(len(levels), dtype=np.int64) * _LEVEL_NS
            laeq, lafmax, lasmax = (column.copy() for column in levels.T)
            self._wiring.sink(
                Levels(hub=MICROPHONE, boot_ns=times, laeq=laeq, lafmax=lafmax, lasmax=lasmax)
            )
            begins_ns += _LEVEL_NS
        return begins_ns is not None

    def _judge(self, samples: NDArray[np.int32], levels: NDArray[np.float32]) -> None:
        """Samples without any change are no silence: a microphone that is there has noise."""
        if samples.min() != samples.max():
            self._mute, self._fault = 0, None
            return
        levels[:] = np.nan
        self._mute += 1
        if self._mute == _MUTE_LEVELS:
            self._fault = "The microphone gives no sound (all its samples are alike)"
            log.warning("%s.", self._fault)

    def _run_once(self, stop: threading.Event) -> bool:
        self._starts += 1
        with subprocess.Popen(  # noqa: S603 - the settings name the program
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        ) as program:
            assert program.stdout is not None
            # A read ends only when the program does, so `stop` has to end the program.
            ender = threading.Thread(
                target=_end, args=(program, stop), name="microphone's end", daemon=True
            )
            ender.start()
            self._is_up = True
            try:
                return self.listen(program.stdout, stop)
            finally:
                program.terminate()
                ender.join()
                self._is_up = False


def _end(program: subprocess.Popen[bytes], stop: threading.Event) -> None:
    while program.poll() is None and not stop.wait(0.2):
        pass
    program.terminate()
    try:
        program.wait(1.0)
    except subprocess.TimeoutExpired:
        program.kill()
