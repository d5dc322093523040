"""A camera in the classroom: when it runs, how its clock runs, and what its microphone hears.

Its levels follow the room's, but are not the room's: it stands elsewhere, people near it are
louder, its gain follows the sound, and it has a floor of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators.behaviour.noise import LEVELS_A_SECOND
from simulators.behaviour.streams import stream
from simulators.classroom import Classroom

__all__ = ["STEPS_A_SECOND", "Camera", "Pause", "draw_camera", "recorded_levels"]

STEPS_A_SECOND: Final = 10

Levels = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pause:
    """The camera was stopped from this second of the lesson on, for so long."""

    lesson_s: float
    length_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """How one lesson was recorded. All of it is assumed, for want of recordings."""

    starts_at_s: float = 42.0
    """The lesson's second at which it was switched on; negative: before the lesson."""
    length_s: float = 2400.0
    """How long the video is."""
    pause: Pause | None = None
    drift_ppm: float = 40.0
    """How much faster its clock runs than the room's."""
    gain_db: float = -92.0
    """From the level in the room to the level in the file, before the automatic gain."""
    gain_follows: float = 0.6
    """How much of a lasting difference in level its automatic gain takes away."""
    attack_s: float = 0.3
    release_s: float = 4.0
    place_sd_db: float = 3.0
    """How the level at its place differs from that at the room's meter, from minute to minute …"""
    near_sd_db: float = 2.5
    """… and from second to second."""
    local_noises: float = 60.0
    """Noises close to it in 45 minutes: a cough, a chair, a hand on the table."""
    local_noise_db: tuple[float, float] = (5.0, 20.0)
    floor_db: float = 38.0
    """Its own noise, as a level in the room."""

    def lesson_s(self, video_s: NDArray[np.floating]) -> Levels:
        """The lesson's seconds at these seconds of the video."""
        at = self.starts_at_s + np.asarray(video_s, np.float64) / self.rate
        if self.pause is not None:
            at = np.where(at < self.pause.lesson_s, at, at + self.pause.length_s)
        return at

    @property
    def rate(self) -> float:
        """Seconds of the video in a second of the lesson."""
        return 1.0 + self.drift_ppm * 1e-6

    def offset_s(self, *, after_pause: bool = False) -> float:
        """The true `a` of `video_t = a + b * lesson_t`."""
        off = self.pause.length_s if after_pause and self.pause is not None else 0.0
        return -self.rate * (self.starts_at_s + off)


def draw_camera(seed: int, length_s: float = 2400.0) -> Camera:
    """A camera as somebody may set it up: each seed gives another."""
    rng = stream(seed, "camera")
    return Camera(
        starts_at_s=float(rng.uniform(-240.0, 300.0)),
        length_s=length_s,
        drift_ppm=float(rng.normal(0.0, 40.0)),
        gain_db=float(rng.uniform(-105.0, -85.0)),
        gain_follows=float(rng.uniform(0.3, 0.9)),
        attack_s=float(rng.uniform(0.1, 0.6)),
        release_s=float(rng.uniform(1.0, 8.0)),
        place_sd_db=float(rng.uniform(1.0, 4.0)),
        near_sd_db=float(rng.uniform(4.0, 22.0)),
        local_noises=float(rng.uniform(10.0, 250.0)),
        floor_db=float(rng.uniform(34.0, 60.0)),
    )


def recorded_levels(classroom: Classroom, camera: Camera, seed: int) -> Levels:
    """The level in the file for each tenth of a second of the video, in dB re full scale."""
    rng = stream(seed, "video")
    steps = round(camera.length_s * STEPS_A_SECOND)
    room = _room_energy(classroom, camera, steps, rng)
    place = camera.place_sd_db * _wandering(rng, steps, 60.0)
    place += camera.near_sd_db * _wandering(rng, steps, 1.0)
    heard = room * 10.0 ** (place / 10.0) + _local_noise(camera, steps, rng)
    heard += 10.0 ** (camera.floor_db / 10.0)
    level = 10.0 * np.log10(heard) + camera.gain_db
    return np.minimum(level - _gain(level, camera), -1.0)


def _room_energy(
    classroom: Classroom, camera: Camera, steps: int, rng: np.random.Generator
) -> Levels:
    """The mean energy in the room over each step; before and after the lesson, of a corridor."""
    energy = 10.0 ** (classroom.levels(0, LEVELS_A_SECOND * classroom.scenario.periods) / 10.0)
    total = np.concatenate([[0.0], np.cumsum(energy)]) / LEVELS_A_SECOND
    edges = camera.lesson_s(np.arange(steps + 1) / STEPS_A_SECOND)
    end_s = float(classroom.scenario.periods)
    until = np.interp(edges, np.arange(total.size) / LEVELS_A_SECOND, total)
    inside = (edges[:-1] >= 0.0) & (edges[1:] <= end_s)
    lasts = np.minimum(np.diff(edges), 2.0 / STEPS_A_SECOND)  # a step over a pause is its end alone
    mean = np.diff(until) / np.maximum(np.diff(edges), lasts)
    corridor = 10.0 ** ((55.0 + 6.0 * _wandering(rng, steps, 3.0)) / 10.0)
    return np.asarray(np.where(inside, mean, corridor))


def _local_noise(camera: Camera, steps: int, rng: np.random.Generator) -> Levels:
    energy = np.zeros(steps)
    count = rng.poisson(camera.local_noises * camera.length_s / 2700.0)
    for start in rng.integers(0, steps, count):
        length = max(1, round(float(rng.lognormal(np.log(0.7), 0.8)) * STEPS_A_SECOND))
        energy[start : start + length] += 10.0 ** (
            (60.0 + float(rng.uniform(*camera.local_noise_db))) / 10.0
        )
    return energy


def _gain(level: Levels, camera: Camera) -> Levels:
    """What the automatic gain takes off: it falls quickly and rises slowly, as cameras' do."""
    target = camera.gain_follows * (level - float(np.median(level)))
    attack = np.exp(-1.0 / (STEPS_A_SECOND * camera.attack_s))
    release = np.exp(-1.0 / (STEPS_A_SECOND * camera.release_s))
    gain = np.empty(level.size)
    now = 0.0
    for step, wanted in enumerate(target.tolist()):
        keep = attack if wanted > now else release
        now = keep * now + (1.0 - keep) * wanted
        gain[step] = now
    return gain


def _wandering(rng: np.random.Generator, steps: int, memory_s: float) -> Levels:
    """Normal values of unit spread that change within about `memory_s`."""
    knots = max(2, int(steps / (STEPS_A_SECOND * memory_s)) + 2)
    at = np.arange(steps) / (STEPS_A_SECOND * memory_s)
    smooth = np.interp(at, np.arange(knots), rng.standard_normal(knots))
    spread = float(smooth.std())
    return np.asarray(smooth / spread if spread > 0.0 else smooth)
