"""The settings of the room's sound: the table [sound]."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from contract.settings import Settings
from edge_agent.sources.protocol import MICROPHONE, SourceSettings

__all__ = ["MicrophoneSettings", "SoundSettings"]

ARECORD: Final = (
    "arecord", "-q", "-D", "default", "-f", "S32_LE", "-r", "48000", "-c", "1", "-t", "raw",
)  # fmt: skip


class MicrophoneSettings(SourceSettings):
    """The node's own microphone, as [sound] describes it."""

    kind: Literal["microphone"] = "microphone"
    """Levels from the samples of a program."""
    name: str = MICROPHONE
    """A name that no hub can have."""
    command: Annotated[tuple[str, ...], Field(min_length=1)] = ARECORD
    """A program that writes raw S32_LE mono at 48 kHz to its standard output."""
    full_scale_db: Annotated[float, Field(ge=60.0, le=180.0)] = 123.0
    """Level in dB whose RMS is full scale."""


class SoundSettings(Settings):
    """Where the room's sound levels come from. Samples never leave memory."""

    source: Literal["hub", "microphone", "none"] = "hub"
    """`hub`: a hub or a `[[source]]` that measures sound; `microphone`: `command`; `none`."""
    command: Annotated[tuple[str, ...], Field(min_length=1)] = ARECORD
    """A program that writes raw S32_LE mono at 48 kHz to its standard output."""
    full_scale_db: Annotated[float, Field(ge=60.0, le=180.0)] = 123.0
    """Level in dB whose RMS is full scale: 94 - S + 3.0 for a sensitivity of S dBFS."""

    offset_db: Annotated[float, Field(ge=-30.0, le=30.0)] = 0.0
    """Added to every level, whatever its source: what a calibrator says minus what is measured."""

    @property
    def microphone(self) -> MicrophoneSettings:
        """The microphone as a source."""
        return MicrophoneSettings(command=self.command, full_scale_db=self.full_scale_db)
