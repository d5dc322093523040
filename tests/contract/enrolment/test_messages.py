"""The bytes of an enrolment: whatever comes is a message that fits, or a DecodeError."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.enrolment.codes import KitCode, QrText, new_digits, new_secret, typed_code
from contract.enrolment.frames import HEAD_BYTES, MAX_FRAME_BYTES, frame, length_of, unpack
from contract.enrolment.messages import Grant, Hello, Identity, Refusal, Renewal, Welcome, decode
from contract.enrolment.pake import AuthoritySide, KitSide, ProofError
from contract.errors import DecodeError, PayloadError, UnknownVersionError, UsageError

HELLO = {
    "kind": "hello", "version": 1, "slot": 3, "form": "typed", "key": b"k", "element": bytes(33),
}  # fmt: skip


@given(st.binary(max_size=200))
def test_bytes_of_a_stranger_are_a_message_or_an_error(body: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(body, Hello, Renewal, Welcome, Grant, Refusal, Identity)


@given(
    st.sampled_from(sorted(HELLO)),
    st.none() | st.integers() | st.text(max_size=5) | st.binary(max_size=5) | st.floats() | st.lists(st.integers(), max_size=2),
)  # fmt: skip
def test_a_field_of_another_kind_is_named(field: str, value: object) -> None:
    fields = HELLO | {field: value}
    if HELLO[field] == value or (field == "slot" and value in range(10)):
        return
    if field == "key" and isinstance(value, bytes) and value:
        return
    if isinstance(value, int) and value.bit_length() > 64:
        return
    with pytest.raises(PayloadError):
        decode(frame(fields)[HEAD_BYTES:], Hello)


def test_a_message_comes_back_as_it_was() -> None:
    hello = Hello.checked(HELLO)
    assert decode(hello.encode()[HEAD_BYTES:], Hello) == hello


def test_a_field_too_many_is_refused() -> None:
    with pytest.raises(PayloadError, match="more"):
        decode(frame(HELLO | {"more": 1})[HEAD_BYTES:], Hello)


def test_a_later_version_is_known_as_one() -> None:
    with pytest.raises(UnknownVersionError):
        decode(frame(HELLO | {"version": 2, "more": 1})[HEAD_BYTES:], Hello)


def test_a_frame_that_is_too_long_is_refused_before_it_is_read() -> None:
    assert length_of((MAX_FRAME_BYTES).to_bytes(4, "big")) == MAX_FRAME_BYTES
    for length in (0, MAX_FRAME_BYTES + 1, 0xFFFFFFFF):
        with pytest.raises(PayloadError):
            length_of(length.to_bytes(4, "big"))
    with pytest.raises(PayloadError):
        frame({"kind": "x" * MAX_FRAME_BYTES})


def test_the_head_of_a_frame_says_its_length() -> None:
    made = frame({"kind": "hello"})
    assert length_of(made[:HEAD_BYTES]) == len(made) - HEAD_BYTES
    assert unpack(made[HEAD_BYTES:]) == {"kind": "hello"}


@given(st.binary(min_size=33, max_size=33))
def test_no_element_ends_the_program(element: bytes) -> None:
    code = KitCode(1, "typed", "23456")
    side = KitSide(code, b"key")
    hello = side.hello()
    with pytest.raises(ProofError):
        AuthoritySide(code.password, hello.model_copy(update={"element": element}), b"c")
    with pytest.raises(ProofError):
        side.check(Welcome(authority=b"c", element=element, proof=bytes(32), tries_left=4))


@given(st.binary(min_size=32, max_size=32))
def test_no_point_ends_the_program(point: bytes) -> None:
    """As above, with the byte that says whose it is."""
    code = KitCode(1, "typed", "23456")
    hello = KitSide(code, b"key").hello()
    try:
        AuthoritySide(code.password, hello.model_copy(update={"element": b"A" + point}), b"c")
    except ProofError:
        return


@pytest.mark.parametrize(
    ("text", "secret"), (("482913", "82913"), ("482 913", "82913"), (" 482-913\n", "82913"))
)
def test_six_digits_may_be_grouped(text: str, secret: str) -> None:
    assert typed_code(text) == KitCode(4, "typed", secret)


@pytest.mark.parametrize("text", ("", "48291", "4829133", "48291x", "٤٨٢٩١٣", "482.913"))
def test_anything_else_is_no_code(text: str) -> None:
    with pytest.raises(UsageError, match="six digits"):
        typed_code(text)


def test_a_qr_text_comes_back_as_it_was() -> None:
    made = QrText("server.school.example", 8885, 4, new_secret(), bytes(range(32)))
    assert QrText.parse(f" {made}\n") == made
    assert len(str(made)) < 160


@pytest.mark.parametrize(
    "text",
    ("", "482913", "roomtone/2/h/8885/4/s/f", f"roomtone/1/h/99999/4/{'a' * 26}/{'0' * 64}",
     f"roomtone/1/h/8885/4/{'a' * 25}/{'0' * 64}"),
)  # fmt: skip
def test_part_of_a_qr_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="whole text"):
        QrText.parse(text)


def test_codes_differ_and_keep_leading_zeros() -> None:
    digits = {new_digits() for _ in range(200)}
    assert all(len(each) == 5 for each in digits)
    assert len(digits) > 150
    assert len({new_secret() for _ in range(50)}) == 50
