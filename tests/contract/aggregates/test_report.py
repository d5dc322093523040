"""A report holds nothing of fewer than ten teachers, and a changed one is found out."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from contract.aggregates.figures import FIGURES, MIN_TEACHERS, fault_of
from contract.aggregates.report import MAX_BYTES, Report, decode, encode, require_together
from contract.aggregates.signing import (
    make_key,
    open_envelope,
    public_bytes,
    public_text,
    read_key,
    read_public_text,
    seal,
    verify,
)
from contract.errors import PayloadError, UsageError

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
REPORT = Report(
    site="ash",
    month="2026-10",
    teachers=24,
    figures={"lessons": 310, "with_cycle": 12, "with_talk": 0, "talks": 0},
)
NAMES = st.sampled_from(sorted(FIGURES))


@st.composite
def reports(draw: st.DrawFn) -> Report:
    teachers = draw(st.integers(MIN_TEACHERS, 200))
    figures = {}
    for name in draw(st.sets(NAMES)):
        value = draw(st.integers(0, teachers * FIGURES[name].max_each))
        if not fault_of(name, value, teachers):
            figures[name] = value
    month = f"20{draw(st.integers(0, 99)):02}-{draw(st.integers(1, 12)):02}"
    return Report(site=draw(st.sampled_from(("ash", "b_2"))), month=month, teachers=teachers,
                  figures=figures)  # fmt: skip


@given(reports())
def test_a_report_comes_back_from_its_bytes(report: Report) -> None:
    assert decode(encode(report)) == report


@given(NAMES, st.integers(-5, 60), st.integers(10, 50))
def test_no_figure_isolates_fewer_than_ten_teachers(name: str, value: int, teachers: int) -> None:
    if fault_of(name, value, teachers):
        with pytest.raises(PayloadError, match=f"figures.{name}"):
            Report(site="ash", month="2026-10", teachers=teachers, figures={name: value})
        return
    assert value == 0 or value >= MIN_TEACHERS
    if FIGURES[name].kind == "teachers":
        assert teachers == value or teachers - value >= MIN_TEACHERS


@pytest.mark.parametrize(
    ("figures", "name", "words"),
    (
        ({"lessons": 23}, "lessons", "is 23, expected 24 to 9600 for 24 teachers"),
        ({"talks": 30}, "talks", "stands without with_talk"),
        ({"talk_minutes": 30}, "talk_minutes", "stands without with_talk"),
        ({"with_step": 12, "steps": 11}, "steps", "is 11, expected 12 to 2400 for 12 teachers"),
        ({"with_talk": 0, "talks": 10}, "talks", "is 10, expected 0 to 0 for 0 teachers"),
        ({"with_talk": 10, "talks": 4000}, "talks", "is 4000, expected 10 to 2000"),
        ({"with_talk": 12, "talks": 0}, "talks", "is 0, expected 12 to 2400"),
    ),
)
def test_figures_that_can_t_be_of_one_month_are_refused_together(figures, name, words) -> None:
    report = Report(site="ash", month="2026-10", teachers=24, figures=figures)
    with pytest.raises(PayloadError, match=f"figures.{name}: {words}"):
        require_together(report)


def test_figures_of_one_month_fit_together() -> None:
    require_together(REPORT)
    figures = {"with_talk": 12, "talks": 12, "talk_minutes": 0, "lessons": 24}
    require_together(Report(site="ash", month="2026-10", teachers=24, figures=figures))


@given(st.data())
def test_whatever_is_changed_on_the_way_is_refused(data: st.DataObject) -> None:
    sealed = bytearray(seal(encode(REPORT), KEY))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    try:
        envelope = open_envelope(bytes(sealed))
        verify(envelope, public_bytes(KEY))
    except PayloadError:
        return
    # A change between the parts, such as a blank for another one, changes nothing that is signed.
    assert envelope.body == encode(REPORT)


@given(st.binary(max_size=300))
def test_no_bytes_do_anything_but_a_sentence(content: bytes) -> None:
    for read in (decode, open_envelope):
        with pytest.raises(PayloadError):
            read(content)


def test_the_key_of_another_site_signs_nothing() -> None:
    envelope = open_envelope(seal(encode(REPORT), OTHER))
    with pytest.raises(PayloadError, match="changed on the way, or another key"):
        verify(envelope, public_bytes(KEY))
    verify(envelope, public_bytes(OTHER))


@pytest.mark.parametrize(
    ("change", "words"),
    (
        ({"teachers": 9}, "teachers: 9, expected 10"),
        ({"teachers": True}, "teachers: True is no whole number"),
        ({"teachers": 24.0}, "teachers: 24.0 is no whole number"),
        ({"month": "2026-13"}, "month: '2026-13' is no month"),
        ({"site": "Ash!"}, "site: 'Ash!' is no name"),
        ({"version": 2}, "format version 2, this program knows 1"),
        ({"figures": {"pupils": 30}}, "figures.pupils: is no figure"),
        ({"figures": {"lessons": 24 * 400 + 1}}, "figures.lessons: is 9601, expected 0 to 9600"),
        ({"figures": {"with_cycle": 3}}, "of fewer than 10 teachers"),
        ({"figures": {"with_cycle": 20}}, "leaves fewer than 10 of 24 teachers"),
        ({"figures": {"talks": -1}}, "figures.talks: is -1"),
        ({"figures": []}, "figures: \\[\\] is no object"),
        ({"more": 1}, "has not the fields"),
    ),
)
def test_what_does_not_fit_is_refused_with_its_place(change: dict[str, object], words: str) -> None:
    content = json.loads(encode(REPORT)) | change
    body = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(PayloadError, match=words):
        decode(body)


def test_one_report_has_one_form() -> None:
    body = encode(REPORT)
    twice = body.replace(b'"teachers":24', b'"teachers":24,"teachers":24')
    for changed in (twice, body.replace(b":24", b": 24"), body + b"\n"):
        with pytest.raises(PayloadError, match="not in the form that is signed"):
            decode(changed)
    with pytest.raises(PayloadError, match="at most"):
        decode(b" " * (MAX_BYTES + 1))


def test_an_unsigned_report_is_refused() -> None:
    for content in (encode(REPORT), json.dumps({"report": encode(REPORT).decode()}).encode()):
        with pytest.raises(PayloadError):
            open_envelope(content)


def test_a_key_is_in_a_file_that_its_owner_alone_reads(tmp_path) -> None:
    path = tmp_path / "key.pem"
    made = make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert public_bytes(read_key(path)) == public_bytes(made)
    with pytest.raises(UsageError, match="has a key already"):
        make_key(path)
    path.chmod(0o640)
    with pytest.raises(UsageError, match="open to others"):
        read_key(path)
    with pytest.raises(UsageError, match="is missing"):
        read_key(tmp_path / "none.pem")
    path.chmod(0o600)
    path.write_text("no key")
    with pytest.raises(UsageError, match="no private key"):
        read_key(path)


@pytest.mark.parametrize("text", ("", "abc", "é" * 43, "A" * 44, "A" * 42 + "B", "A" * 43 + "="))
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no public key"):
        read_public_text(text)


def test_a_public_key_is_read_as_it_is_printed() -> None:
    public = public_bytes(KEY)
    assert read_public_text(public_text(public) + "\n") == public
