"""Reads a plan: typed lines, Markdown, or CSV. Whatever is wrong is a sentence with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from contract.errors import UsageError
from contract.files.csv_table import read_table
from contract.files.text_file import decode_text
from contract.language import _, ngettext
from school.plans.records import LONGEST_CODE, LONGEST_NAME, MAX_PHASES, MAX_TAGS, Phase

__all__ = ["MAX_BYTES", "DraftPhase", "plan_text", "read_plan", "read_plan_file"]

MAX_BYTES: Final = 32 << 10
"""Far less than a request may have, so that what is larger still gets its sentence."""
LONGEST_MINUTES: Final = 600
_TAG: Final = re.compile(r"(?:^|(?<=[\s,;(]))#([^\s#,;|]+)")
_EMPTY: Final = re.compile(r"\(\s*\)")
_HEADING: Final = re.compile(r"#{1,6}\s+(.*)")
_BULLET: Final = re.compile(r"(?:[-*+•]|\d{1,3}[.)])\s+")
_RULE: Final = re.compile(r"[\s|:=_*-]+")
_NUMBER: Final = r"[-−–+]?\d+(?:[.,:]\d+)?"
_UNIT: Final = r"(?:minutes?|minutos?|mins?\b\.?|(?-i:m)\b|['′])"
"""A large M alone is no unit: “10 M and M” are ten minutes of something called “M and M”."""
_GAP: Final = r"(?:\s*[:.)–—-]\s+|\s+|$)"
_FIRST: Final = re.compile(rf"({_NUMBER})\s*{_UNIT}?{_GAP}(.*)", re.IGNORECASE)
_FIRST_WITH_UNIT: Final = re.compile(rf"({_NUMBER})\s*{_UNIT}{_GAP}(.*)", re.IGNORECASE)
_LAST: Final = re.compile(
    rf"(.*?)(?:\s*[,:(–—]\s*|\s+[-−]\s+|\s+)({_NUMBER})\s*{_UNIT}\s*\)?\s*", re.IGNORECASE
)
_LAST_CELL: Final = re.compile(rf"(.*?)\s+({_NUMBER})\s*")
_CSV_HEAD: Final = re.compile(r"\W*(phase|minutes|standards)\W", re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class DraftPhase:
    """A phase as it stands in a text, in that line."""

    line: int
    name: str
    minutes: int
    tags: list[tuple[int, str]] = field(default_factory=list)
    """Each with the line in which it stands."""


def read_plan_file(data: bytes, name: str) -> list[DraftPhase]:
    """The phases in a file; raises UsageError, which names the line."""
    if len(data) > MAX_BYTES:
        raise UsageError(
            _("{name} is larger than {most} KB: that is no lesson plan.", name=name,
              most=MAX_BYTES >> 10)
        )  # fmt: skip
    return read_plan(decode_text(data, name))


def read_plan(text: str) -> list[DraftPhase]:
    """The phases in a text; raises UsageError, which names the line."""
    if len(text) > MAX_BYTES:
        raise UsageError(_("The text is longer than a lesson plan can be. Shorten it."))
    head = next((line for line in text.splitlines() if line.strip()), "")
    is_csv = _CSV_HEAD.match(head.lstrip("\ufeff")) and re.search("[,;\t]", head)
    found = list(_of_csv(text) if is_csv else _of_lines(text))
    if not found:
        raise UsageError(_("The plan has no phase. Write one in each line, such as “10 Warm-up”."))
    if len(found) > MAX_PHASES:
        raise UsageError(
            _(
                "Line {line}: that is phase {n}, and a plan has {most} phases at most.",
                line=found[MAX_PHASES].line, n=MAX_PHASES + 1, most=MAX_PHASES,
            )
        )  # fmt: skip
    for phase in found:
        _check(phase)
    return found


def plan_text(phases: Sequence[Phase]) -> str:
    """The lines that make the same phases."""
    return "\n".join(
        " ".join([str(phase.minutes), phase.name, *(f"#{code}" for code in phase.standards)])
        for phase in phases
    )


def _of_lines(text: str) -> Iterator[DraftPhase]:
    lines = [(at, line.strip().lstrip("\ufeff")) for at, line in enumerate(text.splitlines(), 1)]
    if any((found := _HEADING.fullmatch(line)) and _in_heading(found[1]) for _at, line in lines):
        return _of_headings(lines)
    return _of_items(lines)


def _of_headings(lines: Sequence[tuple[int, str]]) -> Iterator[DraftPhase]:
    """Each heading with minutes is a phase; below it stand its standards, among other words."""
    phase: DraftPhase | None = None
    for at, line in lines:
        found = _HEADING.fullmatch(line)
        if found is not None:
            if phase is not None:
                yield phase
            timed = _in_heading(found[1])
            phase = None if timed is None else _phase(at, timed, found[1])
        elif phase is not None:
            phase.tags += [(at, tag) for tag in _tags(line)]
    if phase is not None:
        yield phase


def _of_items(lines: Sequence[tuple[int, str]]) -> Iterator[DraftPhase]:
    """Each line is a phase, except for headings, rules, and the head of a table."""
    for place, (at, line) in enumerate(lines):
        after = lines[place + 1][1] if place + 1 < len(lines) else ""
        is_row = line.startswith("|")
        is_head = is_row and after.startswith("|") and _RULE.fullmatch(after)
        if not line or is_head or _RULE.fullmatch(line) or _HEADING.fullmatch(line):
            continue
        text = " ".join(line.strip("|").split("|")) if is_row else line
        timed = _in_line(text, is_row=is_row)
        if timed is None:
            raise UsageError(
                _("Line {line} has no minutes. Write them first, such as “10 Warm-up”.", line=at)
            )
        yield _phase(at, timed, text)


def _in_heading(text: str) -> tuple[str, str] | None:
    """The minutes and the name in a heading, whose minutes have a unit: “Chapter 3” has none."""
    words = _words(text)
    if (last := _LAST.fullmatch(words)) is not None:
        return last[2], last[1]
    first = _FIRST_WITH_UNIT.fullmatch(words)
    return None if first is None else (first[1], first[2])


def _in_line(text: str, *, is_row: bool) -> tuple[str, str] | None:
    """The minutes and the name in a line: the minutes stand first, or last with a unit."""
    words = _words(text)
    if (first := _FIRST.fullmatch(words)) is not None:
        return first[1], first[2]
    last = _LAST.fullmatch(words) or (_LAST_CELL.fullmatch(words) if is_row else None)
    return None if last is None else (last[2], last[1])


def _words(text: str) -> str:
    """Without what is there for Markdown, and without standards."""
    words = _TAG.sub(
        lambda found: found[1].removeprefix(_code(found[1])), _BULLET.sub("", text.strip(), count=1)
    )
    words = _EMPTY.sub(" ", words).replace("**", "").replace("__", "")
    return " ".join(words.split())


def _tags(text: str) -> Iterator[str]:
    return map(_code, _TAG.findall(text))


def _code(tag: str) -> str:
    """A code may have brackets of its own, and stand in brackets."""
    return tag[:-1] if tag.endswith(")") and tag.count(")") > tag.count("(") else tag


def _phase(line: int, timed: tuple[str, str], text: str) -> DraftPhase:
    minutes, name = timed
    return DraftPhase(
        line=line, name=name.strip(" :–—-"), minutes=_minutes(minutes, line),
        tags=[(line, tag) for tag in _tags(text)],
    )  # fmt: skip


def _minutes(text: str, line: int) -> int:
    shown = text[:12]
    if not re.fullmatch(r"\+?\d{1,4}", text, re.ASCII) or not 1 <= int(text) <= LONGEST_MINUTES:
        raise UsageError(
            _(
                "Line {line} has {found} as minutes: write a whole number from 1 to {most}.",
                line=line, found=f"“{shown}”", most=LONGEST_MINUTES,
            )
        )  # fmt: skip
    return int(text)


def _of_csv(text: str) -> Iterator[DraftPhase]:
    rows = read_table(
        text, name=_("The plan"), columns=("phase", "minutes"), optional=("standards",)
    )
    for row in rows:
        line = int(row.where.rpartition(" ")[2])
        tags = re.split(r"[\s,;|]+", row.values["standards"].strip())
        yield DraftPhase(
            line=line, name=row.values["phase"], minutes=_minutes(row.values["minutes"], line),
            tags=[(line, tag.lstrip("#")) for tag in tags if tag.strip("#")],
        )  # fmt: skip


def _check(phase: DraftPhase) -> None:
    phase.name = " ".join(phase.name.split())
    if not phase.name or not phase.name.isprintable():
        raise UsageError(
            _("Line {line} has no name for its phase. Write one, such as “10 Warm-up”.",
              line=phase.line)
        )  # fmt: skip
    if len(phase.name) > LONGEST_NAME:
        raise UsageError(
            _(
                "Line {line} names its phase in {n} characters: shorten it to {most}.",
                line=phase.line, n=len(phase.name), most=LONGEST_NAME,
            )
        )  # fmt: skip
    for line, tag in phase.tags:
        if len(tag) > LONGEST_CODE or not tag.isprintable():
            raise UsageError(_("Line {line} has a standard that is too long to be one.", line=line))
    if len(phase.tags) > MAX_TAGS:
        raise UsageError(
            ngettext(
                "Line {line}: a phase has {n} standard at most.",
                "Line {line}: a phase has {n} standards at most.",
                MAX_TAGS, line=phase.line,
            )
        )  # fmt: skip
