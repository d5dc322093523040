"""The child's second task: how loud the sound is, ten times a second. Only levels leave it."""

from __future__ import annotations

from typing import Final

import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.stream import Discard
from numpy.typing import NDArray

from school.video.media.child.link import Link, SourceFile
from school.video.media.child.opening import RefusedFileError, open_source
from school.video.media.messages import STEPS_PER_S

__all__ = ["a_weighted_levels", "levels"]

RATE_HZ: Final = 16_000
STEP: Final = RATE_HZ // STEPS_PER_S
"""Samples of a level."""
_FLOOR_DB: Final = -100.0
_MAX_S: Final = 12 * 3600
_JUMP_S: Final = 0.08
"""A frame that begins this far from where the last one ended begins a new stretch."""
_SEND_S: Final = 30


def levels(link: Link, file: SourceFile, container: str) -> dict[str, object]:
    """Sends the levels, and returns the length of a step."""
    with open_source(file, container, buffer_bytes=1 << 16) as opened:
        if not opened.streams.audio:
            raise RefusedFileError("no_sound" if opened.streams.video else "damaged")
        sound = opened.streams.audio[0]
        if sound.codec_context is None:
            raise RefusedFileError("codec")
        for other in opened.streams:
            if other is not sound:
                other.discard = Discard.all  # its bytes are not even read
        start_s = (opened.start_time or 0) / 1e6
        length_s = (opened.duration or 0) / 1e6
        trace = _Trace()
        shown = 0.0
        for frame in opened.decode(sound):
            if frame.pts is None or frame.time_base is None:
                continue
            at_s = float(frame.pts * frame.time_base) - start_s
            trace.add(at_s, frame)
            if length_s and at_s > shown + _SEND_S:
                shown = at_s
                link.progress(at_s / length_s)
        found = trace.finish()
    if not np.isfinite(found).any():
        raise RefusedFileError("no_sound")
    link.levels(found.tobytes())
    return {"step_s": 1 / STEPS_PER_S}


def a_weighted_levels(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n · STEP,) samples of 16 kHz to (n,) dB(A) re full scale, through Hann windows."""
    blocks = samples.reshape(-1, STEP)
    power = np.abs(np.fft.rfft(blocks * _WINDOW, axis=1)) ** 2 @ _GAIN
    # Digital silence is no level: a muted microphone says nothing of the room.
    with np.errstate(divide="ignore"):
        found = 10.0 * np.log10(power)
    return np.where(power > 0, np.maximum(found, _FLOOR_DB), np.nan).astype(np.float32)


class _Trace:
    """Levels by the video's own time; what is missing stays missing."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, NDArray[np.float32]]] = []
        self._waiting = AudioFifo()
        self._resampler = _resampler()
        self._held: list[NDArray[np.float32]] = []
        self._held_count = 0
        self._begins_at = 0
        self._skip = 0
        self._expected_s: float | None = None
        self._kind: tuple[str, str, int] | None = None

    def add(self, at_s: float, frame: AudioFrame) -> None:
        if frame.sample_rate <= 0 or at_s > _MAX_S:
            raise RefusedFileError("too_large")
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._expected_s is None or abs(at_s - self._expected_s) > _JUMP_S or kind != self._kind:
            self._flush()
            self._kind = kind
            # A stretch begins at a step, so that the steps of all of them are the same.
            self._begins_at = round(max(at_s, 0.0) * STEPS_PER_S)
            lead = round((at_s - self._begins_at / STEPS_PER_S) * RATE_HZ)
            self._held, self._held_count = [], 0
            if lead > 0:
                self._hold(np.zeros(lead, np.float32))
            self._skip = max(-lead, 0)
        self._expected_s = at_s + frame.samples / frame.sample_rate
        frame.pts = None
        self._waiting.write(frame)
        # A frame is a fiftieth of a second, and each call has its price.
        if self._waiting.samples >= 2 * frame.sample_rate:
            self._resample(self._waiting.read(2 * frame.sample_rate))

    def finish(self) -> NDArray[np.float32]:
        self._flush()
        end = max((at + part.size for at, part in self._parts), default=0)
        found = np.full(end, np.nan, np.float32)
        for at, part in self._parts:
            found[at : at + part.size] = part
        return found

    def _resample(self, frame: AudioFrame | None) -> None:
        for part in self._resampler.resample(frame):
            self._take(part)

    def _take(self, part: AudioFrame) -> None:
        samples = np.frombuffer(bytes(part.planes[0]), np.float32)[: part.samples]
        if self._skip:
            dropped = min(self._skip, samples.size)
            self._skip -= dropped
            samples = samples[dropped:]
        self._hold(samples)
        if self._held_count >= 10 * RATE_HZ:
            self._measure()

    def _hold(self, samples: NDArray[np.float32]) -> None:
        self._held.append(samples)
        self._held_count += samples.size

    def _measure(self) -> None:
        """Turn whole steps into levels and forget their samples."""
        samples = np.concatenate(self._held) if self._held else np.empty(0, np.float32)
        whole = samples.size // STEP
        if whole:
            part = a_weighted_levels(samples[: whole * STEP])
            self._parts.append((self._begins_at, part))
            self._begins_at += whole
        self._held = [samples[whole * STEP :].copy()]
        self._held_count = self._held[0].size

    def _flush(self) -> None:
        if self._expected_s is None:
            return
        if self._waiting.samples:
            self._resample(self._waiting.read(self._waiting.samples, partial=True))
        self._resample(None)
        self._measure()
        self._resampler, self._waiting = _resampler(), AudioFifo()


def _resampler() -> AudioResampler:
    return AudioResampler(format="flt", layout="mono", rate=RATE_HZ)


def _gain() -> NDArray[np.float64]:
    """What each bin's power counts: A-weighted (IEC 61672-1, Annex E), a full-scale sine -3 dB."""
    f = np.fft.rfftfreq(STEP, 1 / RATE_HZ)
    s = f * f
    f1, f2, f3, f4 = (pole * pole for pole in (20.598997, 107.65265, 737.86223, 12194.217))
    shape = f4 * s * s / ((s + f1) * np.sqrt((s + f2) * (s + f3)) * (s + f4))
    weighted = (shape * 10 ** (2.0 / 20)) ** 2
    twice = np.full(f.size, 2.0)
    twice[0] = twice[-1] = 1.0
    return np.asarray(weighted * twice / (STEP * np.sum(_WINDOW**2)))


_WINDOW: Final = np.hanning(STEP).astype(np.float32)
_GAIN: Final = _gain()
