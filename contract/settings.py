"""Settings: frozen, checked when built, read from TOML; an unknown key is an error."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.errors import ConfigurationError, UsageError
from contract.files.text_file import read_text
from contract.topics import NAME

__all__ = ["BrokerSettings", "Name", "Settings"]

Name = Annotated[str, Field(pattern=f"^{NAME}$")]
"""The name of a site, room, node or hub."""


class Settings(BaseModel):
    """The base of every settings table."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False,
        use_attribute_docstrings=True,
    )  # fmt: skip
    renamed: ClassVar[dict[str, str]] = {}
    """Renamed keys, old → new, with their table: "limits.most_events" → "limits.max_events"."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a TOML file; raises ConfigurationError naming file, key, value and expectation."""
        try:
            fields = tomllib.loads(read_text(path))
        except UsageError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                sentence = (
                    f"There is no settings file {path}; name one, a TOML file, with --config."
                )
            else:
                sentence = f"The settings file {error}"
            raise _unreadable(path, "can't be read", sentence) from error
        except (ValueError, RecursionError) as error:
            why = "it is nested too deeply, or a number in it is too long"
            if isinstance(error, tomllib.TOMLDecodeError):
                why = str(error)
            sentence = f"The settings file {path} is no valid TOML ({why}); correct it there."
            raise _unreadable(path, "is no valid TOML", sentence) from error
        return cls.checked(fields, where=str(path))

    @classmethod
    def checked(cls, fields: dict[str, object], *, where: str, within: str = "") -> Self:
        """Build from plain values; raises ConfigurationError for the first that does not fit.

        `within` stands before the names of keys: "source.0." for a table that is inside another.
        """
        try:
            return cls.model_validate(fields, context={"where": where})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            clash = first.get("ctx", {}).get("error")
            if isinstance(clash, ConfigurationError):  # a validator raised it with its own words
                if clash.where == where:
                    raise clash from error
                raise ConfigurationError(where, clash.key, clash.value, clash.expected) from error
            key = within + ".".join(str(name) for name in first["loc"]) or "the file"
            sentence = None
            if key in cls.renamed:
                sentence = f"{where}: {key} is called {cls.renamed[key]} now; rename it there."
            elif first["type"] == "extra_forbidden":
                sentence = f"{where}: there is no key {key}; the example file has those there are."
            elif first["type"] == "missing":
                sentence = f"{where}: {key} is missing, and has no default."
            raise ConfigurationError(
                where, key, first.get("input"), _expected(first["type"], first["msg"]),
                sentence=sentence,
            ) from error  # fmt: skip


def _unreadable(path: Path, why: str, sentence: str) -> ConfigurationError:
    return ConfigurationError(str(path), "the file", why, "a TOML file", sentence=sentence)


def _expected(kind: str, words: str) -> str:
    """What pydantic expects, as the end of our sentence."""
    if kind == "string_pattern_mismatch":  # names are all that has one
        return "1 to 32 of a-z, 0-9, - and _, beginning with a letter or a digit"
    for beginning in ("Input should be ", "String should "):
        words = words.removeprefix(beginning)
    return words


class BrokerSettings(Settings):
    """How to reach the MQTT broker. TLS is on as soon as `ca_file` is set."""

    host: str = "127.0.0.1"
    """Name or address of the broker."""
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    """TCP port; 8883 is usual with TLS."""
    ca_file: Path | None = None
    """The authority that signed the broker's certificate; setting it switches TLS on."""
    certificate_file: Path | None = None
    """This client's certificate; its common name is the node's name in the broker's ACL."""
    key_file: Path | None = None
    """The private key of `certificate_file`."""
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    """The version of MQTT. With `auto` a kit tries 5 first, and so does ingest through awscrt; the
    server's other programs speak 3.1.1, whose messages have no properties that take long to read."""
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 30
    """Seconds of silence after which the broker is asked whether it is there."""
