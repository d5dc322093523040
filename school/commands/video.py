"""`roomtone video`: how videos are kept, a copy of them, and a new key file."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from contract.clock import SECOND_NS, Clock
from school.video.copies import Copying, last_copy
from school.video.files import VideoFiles
from school.video.records import consent_hash
from school.video.settings import VideoSettings

__all__ = ["VideoDesk", "add_actions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoDesk:
    """What the commands need."""

    files: VideoFiles
    settings: VideoSettings
    zone: ZoneInfo
    clock: Clock
    say: Callable[[str], None]

    def day(self, utc_ns: int) -> str:
        """A time as people read it, at the school."""
        moment = datetime.fromtimestamp(utc_ns // SECOND_NS, UTC).astimezone(self.zone)
        return f"{moment:%Y-%m-%d %H:%M}"


def add_actions(
    parser: argparse.ArgumentParser,
    # argparse has no public name for it.
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """Define the actions; `do` is called with a `VideoDesk` and the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    status = actions.add_parser(
        "status", help="how many videos there are, their keys and their copy"
    )
    status.set_defaults(do=_status)
    copy = actions.add_parser("copy", help="make a copy of all videos and keys as they are now")
    copy.add_argument(
        "--videos", type=Path, required=True, metavar="DIR", help="where the encrypted videos go"
    )
    copy.add_argument(
        "--keys", type=Path, required=True, metavar="DIR",
        help="where the keys go; keep them apart from the videos",
    )  # fmt: skip
    copy.set_defaults(do=_copy)
    rotate = actions.add_parser(
        "rotate-key", help="wrap all keys by a new key file, and destroy the old one"
    )
    rotate.set_defaults(do=_rotate)
    return actions


def _status(desk: VideoDesk, _: argparse.Namespace) -> None:
    files = desk.files
    names = files.keys.names()
    size = sum(files.sealed_size(name) for name in names)
    desk.say(f"{len(names)} videos, {size / 1e9:.1f} GB, in {files.directory}")
    desk.say(f"{files.free_bytes() / 1e9:.1f} GB are free there")
    key = files.keys.key_file()
    desk.say(f"key file {key.id} of {desk.day(key.made_utc_ns)}, in {files.keys.directory}")
    copy = last_copy(files)
    if copy is None:
        desk.say("no copy was made yet: if the key file is lost, so is every video")
    else:
        state = "" if copy.key == key.id else ", before the key file was changed: make a new one"
        desk.say(f"last copy on {desk.day(copy.made_utc_ns)}, keys in {copy.keys}{state}")
    desk.say(f"the wording that teachers confirm is {consent_hash(desk.settings.consent_text)}")


def _copy(desk: VideoDesk, args: argparse.Namespace) -> None:
    now = desk.clock.utc_ns()
    copying = Copying(files=desk.files, videos=args.videos, keys=args.keys, say=desk.say)
    count = copying.run(now)
    desk.say(f"{count} videos are in {args.videos}, and their keys in {args.keys}")


def _rotate(desk: VideoDesk, _: argparse.Namespace) -> None:
    count = desk.files.keys.rotate(desk.clock.utc_ns())
    desk.say(f"{count} keys are wrapped by a new key file; the old one is destroyed")
    desk.say("Copies of the keys from before are worth nothing now: run `roomtone video copy`.")
