"""`roomtone simulate --video FILE`: a lesson as a camera in the room records it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from contract.errors import UsageError
from simulators.classroom import Classroom
from simulators.lesson_video.camera import Camera, Pause
from simulators.lesson_video.film import write_lesson_video

__all__ = ["camera_for", "write_video"]


def camera_for(classroom: Classroom, pause: Pause | None = None) -> Camera:
    """The default camera, switched on a little late, and off when the lesson ends."""
    seconds = classroom.scenario.periods
    camera = Camera()
    starts_at_s = min(camera.starts_at_s, seconds / 10.0)
    length_s = seconds - starts_at_s - (0.0 if pause is None else pause.length_s)
    return replace(camera, starts_at_s=starts_at_s, length_s=length_s, pause=pause)


def write_video(classroom: Classroom, path: Path, pause: str | None) -> None:
    """Write the file, and print what is true of it."""
    camera = camera_for(classroom, _pause(pause, classroom.scenario.periods))
    try:
        with path.open("xb") as file:
            write_lesson_video(classroom, camera, classroom.seed, file)
    except FileExistsError:
        raise UsageError(f"{path} exists already; give another name.") from None
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror or error}.") from error
    print(
        f"{path}: {camera.length_s / 60.0:.0f} min. The lesson starts at "
        f"{camera.offset_s():.1f} s in the video; its clock is {camera.drift_ppm:g} ppm fast."
    )
    if camera.pause is not None:
        print(
            f"From {camera.pause.lesson_s:g} s of the lesson on the camera was off for "
            f"{camera.pause.length_s:g} s; after that the lesson starts at "
            f"{camera.offset_s(after_pause=True):.1f} s in the video."
        )


def _pause(text: str | None, lesson_s: int) -> Pause | None:
    if text is None:
        return None
    at, _, length = text.partition(":")
    try:
        pause = Pause(float(at), float(length))
    except ValueError:
        pause = Pause(-1.0, 0.0)
    if not (pause.lesson_s > 0.0 and 0.0 < pause.length_s < lesson_s - pause.lesson_s):
        raise UsageError(f"--pause {text}: expected AT:S, two numbers of seconds in the lesson.")
    return pause
