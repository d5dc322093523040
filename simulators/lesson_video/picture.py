"""What a camera sees of a simulated class: tables, pupils who move, and a clock on the wall."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators.behaviour.streams import stream
from simulators.classroom import Classroom
from simulators.truth import Kind

__all__ = ["HEIGHT", "WIDTH", "LessonPicture"]

WIDTH: Final = 480
HEIGHT: Final = 270

Image = NDArray[np.uint8]

_FLOOR: Final = (226, 221, 210)
_WALL: Final = (242, 240, 234)
_BOARD: Final = (52, 82, 72)
_TABLE: Final = (196, 160, 116)
_INK: Final = (40, 44, 52)
_PUPILS: Final = ((70, 104, 148), (150, 92, 84), (92, 124, 92), (124, 100, 140), (168, 128, 70))
_CLOCK: Final = (430, 38, 26)
"""Its middle and radius."""


class LessonPicture:
    """Draws the class at any second of the lesson."""

    def __init__(self, classroom: Classroom) -> None:
        self._classroom = classroom
        self._places = _places(classroom)
        self._room = self._draw_room()
        truth = classroom.truth()
        self._occupied = truth.occupied
        still = np.isin(truth.kind, (Kind.LOOKING_AWAY, Kind.OTHER_STILL))
        self._moves = truth.off_task & ~still

    def at(self, lesson_s: float) -> Image:
        """(HEIGHT, WIDTH, 3)."""
        image = self._room.copy()
        second = int(lesson_s)
        is_on = 0 <= second < self._classroom.scenario.periods
        rng = stream(self._classroom.seed, "video", 1 + max(second, 0))
        sways = rng.integers(-3, 4, (len(self._places), 2))
        for number, (x, y) in enumerate(self._places):
            if not is_on or not self._occupied[second, number]:
                continue
            dx, dy = sways[number] if self._moves[second, number] else (0, 0)
            _disc(image, x + int(dx), y + int(dy), 7, _PUPILS[number % len(_PUPILS)])
        self._draw_hands(image, math.floor(lesson_s))
        return image

    def _draw_room(self) -> Image:
        image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        image[:], image[:80] = _FLOOR, _WALL
        image[12:66, 120:360] = _BOARD
        for x, y in self._places:
            image[y + 6 : y + 16, x - 13 : x + 13] = _TABLE
        _disc(image, *_CLOCK, _INK)
        _disc(image, _CLOCK[0], _CLOCK[1], _CLOCK[2] - 3, (255, 255, 255))
        return image

    def _draw_hands(self, image: Image, lesson_s: int) -> None:
        """The lesson's time as a clock shows it: minutes by the long hand, seconds by the thin."""
        for turn, length, width in (
            (lesson_s / 43_200.0, 12, 2),
            (lesson_s / 3600.0, 18, 1),
            (lesson_s / 60.0, 21, 0),
        ):
            angle = 2.0 * math.pi * turn
            for at in range(length):
                x = round(_CLOCK[0] + at * math.sin(angle))
                y = round(_CLOCK[1] - at * math.cos(angle))
                image[y - width : y + width + 1, x - width : x + width + 1] = _INK


def _places(classroom: Classroom) -> list[tuple[int, int]]:
    """A place for each seat: table groups side by side, three or four seats a row."""
    hubs = classroom.scenario.hub_seats
    places = []
    for number, seats in enumerate(hubs):
        columns = max(1, math.ceil(len(hubs) / 2))
        left = 30 + (number % columns) * (WIDTH - 60) // columns
        top = 100 + (number // columns) * 84
        across = max(1, math.ceil(len(seats) / 2))
        gap = min(40, (WIDTH - 60) // columns // across)
        places += [
            (left + gap // 2 + (at % across) * gap, top + (at // across) * 40)
            for at in range(len(seats))
        ]
    return places


def _disc(image: Image, x: int, y: int, radius: int, colour: tuple[int, int, int]) -> None:
    rows, columns = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    inside = rows * rows + columns * columns <= radius * radius
    image[y - radius : y + radius + 1, x - radius : x + radius + 1][inside] = colour
