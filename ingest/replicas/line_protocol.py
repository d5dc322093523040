"""Line protocol, the text that InfluxDB and VictoriaMetrics take points in. Pure.

A point is `measurement,tag=value,… field=value,… time`, and a line each:

- a measurement has a backslash before a comma and a space;
- a tag's key and value and a field's key have one before a comma, a space and an equals sign;
- a text in a field stands in double quotes and has one before a quote and a backslash;
- an integer ends in `i`, a float has no mark, and a time is nanoseconds UTC;
- a key or a tag's value is never empty, has no control character and does not end in a backslash:
  nothing can be written that would be read back as that.

Tags are in the order of their keys, which spares the databases sorting them. NaN and infinity have
no text in this format: such a field is left out, and a point without fields is no line.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

__all__ = ["Fields", "Value", "columns", "fitting", "line", "lines", "series", "value"]

Value = float | int | bool | str
Fields = Mapping[str, Value | None]

_MEASUREMENT: Final = str.maketrans({",": "\\,", " ": "\\ "})
_KEY: Final = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\="})
_TEXT: Final = str.maketrans({'"': '\\"', "\\": "\\\\"})
_CONTROL: Final = dict.fromkeys((*range(32), 127), " ")
_MAX_INT: Final = (1 << 63) - 1


def fitting(text: str) -> str | None:
    """A text as near to this one as a tag's value can be; None where nothing of it is left.

    A control character becomes a space, half a surrogate pair a question mark, and backslashes at
    the end go.
    """
    readable = text.encode("utf-8", "replace").decode("utf-8").translate(_CONTROL)
    return readable.strip(" ").rstrip("\\ ") or None


def series(measurement: str, tags: Mapping[str, str | None]) -> str:
    """The part of a line before its fields; a tag that is None is left out.

    Raises ValueError for a name or a tag's value that the format can't carry.
    """
    parts = [_checked(measurement).translate(_MEASUREMENT)]
    for key in sorted(tags):
        text = tags[key]
        if text is not None:
            parts.append(f"{_checked(key).translate(_KEY)}={_checked(text).translate(_KEY)}")
    return ",".join(parts)


def value(one: Value) -> str | None:
    """A field's value as text; None if it is no number that the format has.

    Raises ValueError for an integer of more than 64 bits and a text that is not Unicode.
    """
    if isinstance(one, bool):
        return "true" if one else "false"
    if isinstance(one, int):
        if not -_MAX_INT - 1 <= one <= _MAX_INT:
            raise ValueError(f"an integer of {one.bit_length()} bits has no place in a field")
        return f"{one}i"
    if isinstance(one, str):
        one.encode("utf-8")
        return f'"{one.translate(_TEXT)}"'
    if not math.isfinite(one):
        return None
    return repr(float(one)).removesuffix(".0")


def line(
    measurement: str, tags: Mapping[str, str | None], fields: Fields, utc_ns: int
) -> str | None:
    """One point as a line without its line break; None if no field has a value.

    Raises ValueError for what the format can't carry.
    """
    body = _fields(fields)
    if body is None:
        return None
    return f"{series(measurement, tags)} {body} {_time(utc_ns)}"


def lines(begin: str, rows: Iterable[tuple[Fields, int]]) -> list[str]:
    """The lines of one series, which `series` wrote: of each row its fields and its time."""
    return [
        f"{begin} {body} {_time(utc_ns)}"
        for fields, utc_ns in rows
        if (body := _fields(fields)) is not None
    ]


def columns(
    begin: str, fields: Sequence[Sequence[str]], utc_ns: Sequence[int], *, is_whole: bool
) -> list[str]:
    """The lines of one series from columns: of each field its `name=value` in every row.

    Where a value is missing its text is empty; `is_whole` says that there is no such, which is
    quicker.
    """
    rows = zip(*fields, strict=True)
    if is_whole:
        return [f"{begin} {','.join(row)} {at}" for row, at in zip(rows, utc_ns, strict=True)]
    return [
        f"{begin} {body} {at}"
        for row, at in zip(rows, utc_ns, strict=True)
        if (body := ",".join(filter(None, row)))
    ]


def _fields(fields: Fields) -> str | None:
    texts = [
        f"{_checked(key).translate(_KEY)}={text}"
        for key, one in fields.items()
        if one is not None and (text := value(one)) is not None
    ]
    return ",".join(texts) or None


def _time(utc_ns: int) -> int:
    if not -_MAX_INT - 1 <= utc_ns <= _MAX_INT:
        raise ValueError(f"a time of {utc_ns.bit_length()} bits has no place in a line")
    return utc_ns


def _checked(text: str) -> str:
    """A name that the format can carry, or ValueError."""
    if not text:
        raise ValueError("an empty name has no place in a line")
    if text.endswith("\\"):
        raise ValueError(f"{text!r} ends in a backslash, which would hide what follows it")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError(f"{text!r} has a control character, which no name may have")
    text.encode("utf-8")
    return text
