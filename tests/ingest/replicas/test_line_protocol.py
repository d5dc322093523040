"""Line protocol: a reader that follows the format's rules gets back what was written."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.replicas.line_protocol import columns, fitting, line, series, value
from tests.ingest.replicas.line_reader import read_back

LETTERS = st.characters(
    exclude_characters="".join(map(chr, (*range(32), 127))), codec="utf-8"
) | st.sampled_from(' ,="\\')
NAMES = st.text(LETTERS, min_size=1, max_size=12).filter(lambda name: not name.endswith("\\"))
TAGS = st.dictionaries(NAMES, NAMES, max_size=4)
VALUES = (
    st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=20)
)
TIMES = st.integers(-(1 << 63), (1 << 63) - 1)


@given(NAMES, TAGS, st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), TIMES)
def test_a_point_is_read_as_it_was(
    measurement: str, tags: dict[str, str], fields: dict[str, object], utc_ns: int
) -> None:
    text = line(measurement, tags, fields, utc_ns)  # type: ignore[arg-type]
    assert text is not None
    assert read_back(text) == (measurement, tags, fields, utc_ns)
    found = read_back(text)
    assert list(found[1]) == sorted(found[1])
    assert [type(each) for each in found[2].values()] == [type(each) for each in fields.values()]


@given(st.text())
def test_any_text_is_made_to_fit(text: str) -> None:
    tag = fitting(text)
    assert tag == (fitting(tag) if tag else None)
    if tag is not None:
        written = line("m", {"zone": tag}, {"f": 1}, 0)
        assert written is not None
        assert read_back(written)[1] == {"zone": tag}


@given(st.floats())
def test_a_float_keeps_each_bit(number: float) -> None:
    shown = value(number)
    if math.isfinite(number):
        assert shown is not None
        assert struct.pack("d", float(shown)) == struct.pack("d", number)
    else:
        assert shown is None


@pytest.mark.parametrize(
    ("measurement", "tags", "fields", "expected"),
    (
        ("cpu load", {"region": "east"}, {"value": 1.0}, r"cpu\ load,region=east value=1 0"),
        ("cpu=load", {"region": "east"}, {"value": 1.0}, "cpu=load,region=east value=1 0"),
        ("cpu", {"region,zone": "east"}, {"value": 1.0}, r"cpu,region\,zone=east value=1 0"),
        ("cpu", {"regions": "\\ east"}, {"value": 1.0}, r"cpu,regions=\\ east value=1 0"),
        ("cpu", {" ": "east"}, {"value": 1.0}, r"cpu,\ =east value=1 0"),
        ("cpu", {"reg\\=ion": "east"}, {"value": 1.0}, r"cpu,reg\\=ion=east value=1 0"),
        ("cpu", {}, {"\\a": 1}, r"cpu \a=1i 0"),
        ("t", {}, {"s": 'quote " then backslash \\ .'}, r't s="quote \" then backslash \\ ." 0'),
        ("t", {}, {"s": "foo\\"}, r't s="foo\\" 0'),
        ("t", {}, {"b": False, "tiny": 5e-324}, "t b=false,tiny=5e-324 0"),
        ("t", {}, {"large": 1.7976931348623157e308}, "t large=1.7976931348623157e+308 0"),
        ("t", {"b": "2", "a": "1", "none": None}, {"f": 1}, "t,a=1,b=2 f=1i 0"),
    ),
)
def test_known_points(
    measurement: str, tags: dict[str, str | None], fields: dict[str, object], expected: str
) -> None:
    assert line(measurement, tags, fields, 0) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ("", "ends\\", "line\nbreak", "\x00", "tab\t", "\x7f", "\ud800"))
def test_what_the_format_cannot_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        line(name, {}, {"f": 1}, 0)
    with pytest.raises(ValueError, match=r"\w"):
        line("m", {name: "x"}, {"f": 1}, 0)
    with pytest.raises(ValueError, match=r"\w"):
        line("m", {"x": name}, {"f": 1}, 0)
    with pytest.raises(ValueError, match=r"\w"):
        line("m", {}, {name: 1}, 0)


@pytest.mark.parametrize("number", (1 << 63, -(1 << 63) - 1))
def test_a_number_of_more_than_64_bits_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        line("m", {}, {"f": number}, 0)
    with pytest.raises(ValueError, match="64 bits"):
        line("m", {}, {"f": 1}, number)


def test_what_has_no_value_is_left_out() -> None:
    assert line("m", {}, {"a": math.nan, "b": None, "c": 2.5}, 7) == "m c=2.5 7"
    assert line("m", {}, {"a": math.nan, "b": -math.inf}, 7) is None


def test_columns_are_the_same_lines() -> None:
    begin = series("seat", {"seat": "4", "room": "room-1"})
    texts = [["a=1", "a=2", ""], ["b=1", "", ""]]
    assert columns(begin, texts, [10, 20, 30], is_whole=False) == [
        "seat,room=room-1,seat=4 a=1,b=1 10",
        "seat,room=room-1,seat=4 a=2 20",
    ]
    whole = [["a=1", "a=2"], ["b=1", "b=3"]]
    assert columns(begin, whole, [10, 20], is_whole=True) == columns(
        begin, whole, [10, 20], is_whole=False
    )
