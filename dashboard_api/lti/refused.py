"""Why a launch from a learning platform failed: a sentence for the page, a word for the log."""

from __future__ import annotations

from typing import Final

from contract.errors import RoomtoneError
from contract.language import N_, _

__all__ = ["LaunchRefusedError", "lost", "unknown_platform", "untrusted"]

_UNTRUSTED: Final = N_(
    "What {platform} sent can't be trusted: {what}. Nobody was signed in. Open Roomtone there again; if "
    "that does not help, show this to an administrator."
)
_LOST: Final = N_(
    "That took too long, it was used already, or it began in another browser. Open Roomtone in your "
    "learning platform again."
)
_UNKNOWN: Final = N_(
    "The learning platform that sent you is not set up here. Ask an administrator, who can do that with "
    "`roomtone lti add`."
)


class LaunchRefusedError(RoomtoneError):
    """A launch is refused; `reason` quotes nothing that the platform sent."""

    def __init__(self, sentence: str, reason: str, status: int = 403) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.status = status


def untrusted(platform: str, what: str) -> LaunchRefusedError:
    """`what` is marked for translation; the log has it in English."""
    return LaunchRefusedError(_(_UNTRUSTED, platform=platform, what=_(what)), what)


def lost() -> LaunchRefusedError:
    return LaunchRefusedError(_(_LOST), "its state is unknown, over, or another browser's")


def unknown_platform() -> LaunchRefusedError:
    return LaunchRefusedError(_(_UNKNOWN), "the platform is not set up")
