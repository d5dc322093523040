"""Where videos and their keys are kept, and what an upload may be: table `[video]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from contract.errors import ConfigurationError
from contract.language import N_
from contract.settings import Settings

__all__ = ["VideoSettings"]

CONSENT: Final = N_(
    "Everyone who can be seen or heard in this video may be filmed: the school has the consent that "
    "it needs, and nobody who said no can be recognised."
)
_GB: Final = 1_000_000_000


class VideoSettings(Settings):
    """Videos of lessons on this server. Both directories switch them on; neither is in a backup."""

    directory: Path | None = None
    """Where encrypted videos are kept; outside of `data_dir`."""
    key_directory: Path | None = None
    """Where the key file and each video's own key are kept; outside of `data_dir` and `directory`."""
    consent_text: Annotated[str, Field(min_length=20, max_length=2_000)] = CONSENT
    """What a teacher confirms before an upload, in the school's own words."""
    max_upload_gb: Annotated[float, Field(gt=0, le=100)] = 4.0
    """The largest video that is accepted."""
    reserve_gb: Annotated[float, Field(ge=0, le=10_000)] = 2.0
    """What an upload leaves free on the disk of `directory`; one that does not fit is refused."""
    unfinished_days: Annotated[int, Field(ge=1, le=90)] = 7
    """An upload that nobody finishes is removed after this long."""

    @model_validator(mode="after")
    def _are_apart(self) -> Self:
        if (self.directory is None) != (self.key_directory is None):
            key, other = "key_directory", "directory"
            if self.directory is None:
                key, other = other, key
            raise ConfigurationError(
                "", f"video.{key}", None,
                f"a directory, because video.{other} is set: videos and their keys need one each",
            )  # fmt: skip
        self.require_outside("video.directory", self.key_directory, self.directory)
        self.require_outside("video.key_directory", self.directory, self.key_directory)
        return self

    @property
    def is_on(self) -> bool:
        """Whether this server keeps videos."""
        return self.directory is not None

    @property
    def max_bytes(self) -> int:
        """`max_upload_gb` in bytes."""
        return round(self.max_upload_gb * _GB)

    @property
    def reserve_bytes(self) -> int:
        """`reserve_gb` in bytes."""
        return round(self.reserve_gb * _GB)

    def require_apart_from(self, data_dir: Path) -> None:
        """Raise ConfigurationError if one of the directories lies in the data directory."""
        for name in ("directory", "key_directory"):
            self.require_outside(f"video.{name}", data_dir, getattr(self, name))

    @staticmethod
    def require_outside(key: str, of: Path | None, path: Path | None) -> None:
        """Raise ConfigurationError if `path` is `of`, or lies in it."""
        if of is None or path is None:
            return
        if path.resolve().is_relative_to(of.resolve()):
            raise ConfigurationError(
                "", key, str(path),
                f"a directory outside of {of}, so that no copy of that directory brings a deleted "
                "video back",
            )  # fmt: skip
