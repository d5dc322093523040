"""Settings of the school's own data, as tables of `server.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from contract.clock import SECOND_NS
from contract.errors import ConfigurationError
from contract.settings import Settings
from school.database_url import postgres_url
from school.forms.folder import read_forms
from school.forms.records import Form
from school.framework.records import Framework
from school.framework.yaml_file import DEFAULT, read_framework
from school.pulse.questions import read_questions
from school.pulse.records import Question

__all__ = ["DebriefSettings", "LessonSettings", "SchoolSettings"]

_EXPECTED: Final = "a URL such as postgresql://roomtone@db.school.example/roomtone"


class LessonSettings(Settings):
    """How timetables are read, and when a lesson is over."""

    time_zone: str = "UTC"
    """The school's time zone, such as "Europe/Berlin": what a timetable's times are in."""
    longest_h: Annotated[float, Field(gt=0, le=48)] = 12.0
    """A lesson that nobody ended counts as over after this long, for every program."""

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            # Not a ValueError: pydantic would put words of its own in front.
            raise PydanticCustomError(
                "time_zone", 'the name of a time zone such as "Europe/Berlin"'
            ) from error
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone itself."""
        return ZoneInfo(self.time_zone)

    @property
    def longest_ns(self) -> int:
        """`longest_h` in nanoseconds."""
        return round(self.longest_h * 3_600 * SECOND_NS)


class DebriefSettings(Settings):
    """What people have beside a lesson's video."""

    framework_file: Path | None = None
    """A YAML file with the tags for notes, as docs/frameworks.md describes; without it, those for
    classroom talk that come with the program."""

    forms_folder: Path | None = None
    """A folder with the forms that people fill, a YAML file each, as docs/forms.md describes; without
    it, those that come with the program."""

    asks_pulse: bool = True
    """Whether teachers are asked a short question each week, and one after a debrief. Each of them can
    switch it off for themselves."""

    pulse_file: Path | None = None
    """A YAML file with these two questions, as docs/pulse.md describes; without it, those that come
    with the program."""

    def pulse(self) -> tuple[Question, ...]:
        """The questions; none where nobody is asked. Raises UsageError, which names file and line."""
        return read_questions(self.pulse_file) if self.asks_pulse else ()

    def forms(self) -> tuple[Form, ...]:
        """The forms; raises UsageError, which names the file and the line."""
        return read_forms(self.forms_folder)

    def framework(self) -> Framework:
        """The tags; raises UsageError, which names the file and the line."""
        return read_framework(self.framework_file or DEFAULT)


class SchoolSettings(Settings):
    """Where the school's own data is: lessons, moments, who opted out."""

    database_url: SecretStr | None = None
    """A PostgreSQL database, as postgresql://USER@HOST/NAME; without it, school.db in `data_dir`.
    A password belongs in the file that PGPASSFILE names rather than here."""

    @field_validator("database_url", mode="before")
    @classmethod
    def _is_postgres(cls, text: object) -> object:
        if text is None or isinstance(text, SecretStr):
            return text
        try:
            postgres_url(str(text))
        except ValueError:
            # Without its cause and its value, for that may hold a password.
            raise ConfigurationError("", "school.database_url", "***", _EXPECTED) from None
        return text
