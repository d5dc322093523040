"""Settings name the file, the key, the value and what was expected."""

import os
from pathlib import Path
from typing import Annotated, ClassVar, Self

import pytest
from pydantic import Field, ValidationError, model_validator

from contract.errors import ConfigurationError
from contract.settings import BrokerSettings, Name, Settings


class Example(Settings):
    renamed: ClassVar[dict[str, str]] = {"broker.harbour": "broker.port"}

    room: Name
    seats: Annotated[int, Field(ge=1, le=64)] = 30
    broker: BrokerSettings = BrokerSettings()

    @model_validator(mode="after")
    def _refuse_thirteen(self) -> Self:
        if self.seats == 13:
            raise ConfigurationError("settings", "seats", 13, "a luckier number")
        return self


def test_defaults_and_nesting(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('room = "r1"\n[broker]\nport = 8883\n')
    loaded = Example.load(path)
    assert (loaded.room, loaded.seats, loaded.broker.port) == ("r1", 30, 8883)
    with pytest.raises(ValidationError):
        loaded.seats = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    (
        ('room = "r1"\nsets = 3', "sets", "no key sets"),
        (
            'room = "r1"\n[broker]\nharbour = 1883',
            "broker.harbour",
            "broker.harbour is called broker.port now; rename it there",
        ),
        ("seats = 3", "room", "room is missing, and has no default"),
        ('room = "Room 1"', "room", "expected 1 to 32 of a-z"),
        ('room = "r1"\nseats = 65', "seats", "seats is 65, expected less than or equal to 64"),
        ('room = "r1"\n[broker]\nport = "x"', "broker.port", "expected a valid integer"),
        ("room = ", "the file", "valid TOML"),
        ('room = "r1"\nseats = 13', "seats", "a luckier number"),
    ),
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, key: str, expected: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=expected) as caught:
        Example.load(path)
    assert caught.value.key == key
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="a TOML file"):
        Example.load(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        Example.load(tmp_path / "bytes.toml")


@pytest.mark.parametrize("encoding", ("utf-8-sig", "utf-16", "utf-16-le"))
def test_settings_from_any_editor(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes('room = "r1"\r\nseats = 4\r\n'.encode(encoding))
    assert Example.load(path).seats == 4


@pytest.mark.parametrize("text", ("seats = " + "9" * 5_000, "seats = " + "[" * 50_000))
def test_what_python_itself_refuses_in_toml_is_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="no valid TOML") as caught:
        Example.load(path)
    assert "\n" not in str(caught.value)


def test_settings_that_are_a_directory_or_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match=r"settings file .* is a directory"):
        Example.load(tmp_path)
    with pytest.raises(ConfigurationError, match=r"settings file .* is a pipe"):
        Example.load(tmp_path / "pipe")
