"""A month's figures of one site, and their bytes: JSON in one form alone, so that a signature holds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contract.aggregates.figures import FIGURES, MIN_TEACHERS, fault_of, fault_together
from contract.errors import PayloadError, UnknownVersionError, brief
from contract.topics import NAME

__all__ = ["MAX_BYTES", "VERSION", "Report", "decode", "encode", "require_together"]

VERSION: Final = 1
MAX_BYTES: Final = 4_096
MAX_TEACHERS: Final = 10_000
_FIELDS: Final = ("figures", "month", "site", "teachers", "version")
_SITE: Final = re.compile(NAME, re.ASCII)
_MONTH: Final = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a site says of a month. Raises PayloadError for what may not leave or is impossible."""

    site: str
    month: str
    """Such as "2026-10"."""
    teachers: int
    """n: how many teachers had a lesson in it."""
    figures: Mapping[str, int] = field(default_factory=dict)
    """Only those that are of nobody: see `figures.fault_of`."""

    def __post_init__(self) -> None:
        if not _SITE.fullmatch(self.site):
            raise PayloadError("site", f"{brief(self.site)} is no name of a site")
        if not _MONTH.fullmatch(self.month):
            raise PayloadError("month", f'{brief(self.month)} is no month such as "2026-10"')
        if not MIN_TEACHERS <= self.teachers <= MAX_TEACHERS:
            raise PayloadError(
                "teachers", f"{self.teachers}, expected {MIN_TEACHERS} to {MAX_TEACHERS}"
            )
        for name, value in self.figures.items():
            if fault := fault_of(name, value, self.teachers):
                raise PayloadError(f"figures.{name}", fault)


def require_together(report: Report) -> None:
    """Raise PayloadError if its figures can't be of one month: what leaves a site, and is taken."""
    fault = fault_together(report.figures, report.teachers)
    if fault is not None:
        raise PayloadError(f"figures.{fault[0]}", fault[1])


def encode(report: Report) -> bytes:
    """The one form: keys sorted, no blanks, ASCII."""
    content = {
        "version": VERSION, "site": report.site, "month": report.month,
        "teachers": report.teachers, "figures": dict(report.figures),
    }  # fmt: skip
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")


def decode(body: bytes) -> Report:
    """A report from its bytes. Raises PayloadError, which names the field."""
    if len(body) > MAX_BYTES:
        raise PayloadError("report", f"{len(body)} bytes, at most {MAX_BYTES} are read")
    try:
        content: Any = json.loads(body.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise PayloadError("report", "is not JSON in ASCII") from error
    if not isinstance(content, dict):
        raise PayloadError("report", "is no JSON object")
    if (version := content.get("version")) != VERSION or type(version) is not int:
        raise UnknownVersionError("version", version, VERSION)
    if tuple(sorted(content)) != _FIELDS:
        raise PayloadError("report", f"has not the fields {', '.join(_FIELDS)}")
    report = Report(
        site=_text(content, "site"), month=_text(content, "month"),
        teachers=_whole("teachers", content["teachers"]), figures=_figures(content["figures"]),
    )  # fmt: skip
    if encode(report) != body:
        raise PayloadError("report", "is not in the form that is signed: sorted keys, no blanks")
    return report


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content[name]
    if not isinstance(value, str):
        raise PayloadError(name, f"{brief(value)} is no text")
    return value


def _whole(name: str, value: object) -> int:
    if type(value) is not int:
        raise PayloadError(name, f"{brief(value)} is no whole number")
    return value


def _figures(value: object) -> dict[str, int]:
    if not isinstance(value, dict) or len(value) > len(FIGURES):
        raise PayloadError("figures", f"{brief(value)} is no object of figures")
    return {name: _whole(f"figures.{name}", each) for name, each in value.items()}
