"""Somebody between kit and server: they relay, change, repeat, and pretend to be either side."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.enrolment.codes import KitCode, QrText, typed_code
from contract.enrolment.frames import HEAD_BYTES, frame, unpack
from contract.enrolment.messages import Hello, Request, Welcome, decode
from contract.enrolment.pake import AuthoritySide, KitSide, ProofError
from contract.errors import EnrolmentError
from edge_agent.enrolment.dialogue import Exchange, enrol
from edge_agent.enrolment.own_key import OwnKey
from ingest.authority.authority import Authority
from ingest.authority.signing import Signing

from .conftest import SETTINGS, talk_to


def body_of(message: Hello | Welcome | Request) -> bytes:
    return message.encode()[HEAD_BYTES:]


class InBetween:
    """Relays between a kit and the authority, and does `change` to each message."""

    def __init__(self, authority: Authority) -> None:
        self.seen: list[bytes] = []
        self._to = talk_to(authority)

    def change(self, _: int, body: bytes) -> bytes:
        return body

    def __call__(self, sent: bytes) -> bytes:
        for to_server in (True, False):
            body = sent[HEAD_BYTES:] if to_server else self._to(sent)
            self.seen.append(body)
            body = self.change(len(self.seen) - 1, body)
            sent = len(body).to_bytes(HEAD_BYTES, "big") + body
        return body


def made_code(authority: Authority, *, is_qr: bool = False) -> KitCode:
    made = authority.new_code("school", "r1", "pi-1", SETTINGS)
    return QrText.parse(made.qr_text).code if is_qr else typed_code(made.code)


def is_enrolled(authority: Authority) -> bool:
    return authority.nodes()[0].enrolled_at is not None


def test_who_only_listens_reads_neither_settings_nor_certificate(authority: Authority) -> None:
    between = InBetween(authority)
    enrolled = enrol(made_code(authority), OwnKey.new(), between)
    heard = b"".join(between.seen)
    assert len(between.seen) == 4
    assert b'site = "school"' not in heard
    assert enrolled.identity.certificate not in heard
    assert b"pi-1" not in heard


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    which=st.integers(0, 3), at=st.integers(0, 1 << 16), flip=st.integers(1, 255), qr=st.booleans()
)
def test_any_changed_byte_gives_nobody_a_certificate_that_works(
    authority: Authority, which: int, at: int, flip: int, *, qr: bool
) -> None:
    class Changes(InBetween):
        def change(self, number: int, body: bytes) -> bytes:
            if number != which:
                return body
            place = at % len(body)
            changed = bytearray(body)
            changed[place] ^= flip
            return bytes(changed)

    code = made_code(authority, is_qr=qr)
    between = Changes(authority)
    try:
        enrol(code, OwnKey.new(), between)
    except EnrolmentError:
        return
    # One number is for a sentence alone, and nothing proves it.
    changed = between.change(1, between.seen[1])
    assert which == 1
    before, after = unpack(between.seen[1]), unpack(changed)
    assert {key for key in before if before[key] != after.get(key)} == {"tries_left"}


def test_another_authoritys_certificate_in_the_welcome_is_noticed(
    authority: Authority, tmp_path: Path
) -> None:
    tmp_path.joinpath("other").mkdir()
    other = Signing.open(tmp_path / "other", site="school", now=lambda: datetime.now(UTC))

    class Swaps(InBetween):
        def change(self, number: int, body: bytes) -> bytes:
            if number != 1:
                return body
            welcome: Welcome = decode(body, Welcome)
            return body_of(welcome.model_copy(update={"authority": other.certificate_der}))

    between = Swaps(authority)
    with pytest.raises(EnrolmentError, match="does not know this code"):
        enrol(made_code(authority), OwnKey.new(), between)
    assert len(between.seen) == 2
    with pytest.raises(EnrolmentError, match="not the one that the QR code names"):
        enrol(made_code(authority, is_qr=True), OwnKey.new(), Swaps(authority))
    assert not is_enrolled(authority)


def test_a_key_of_somebody_in_between_is_noticed(authority: Authority) -> None:
    mine = OwnKey.new()

    class Swaps(InBetween):
        def change(self, number: int, body: bytes) -> bytes:
            if number != 0:
                return body
            hello: Hello = decode(body, Hello)
            return body_of(hello.model_copy(update={"key": mine.public}))

    with pytest.raises(EnrolmentError):
        enrol(made_code(authority), OwnKey.new(), Swaps(authority))
    assert not is_enrolled(authority)


def pretended_server(guess: KitCode, heard: list[bytes]) -> Exchange:
    """Somebody who answers kits in the place of the server, with a guess of the code."""

    def answer(sent: bytes) -> bytes:
        heard.append(sent)
        hello: Hello = decode(sent[HEAD_BYTES:], Hello)
        return body_of(AuthoritySide(guess.password, hello, b"a certificate").welcome(4))

    return answer


def test_a_pretended_server_gets_one_guess_and_nothing_but_a_public_key() -> None:
    code, heard = typed_code("312345"), list[bytes]()
    for guess in ("312346", "300000", "399999"):
        with pytest.raises(EnrolmentError, match="Nothing was sent"):
            enrol(code, OwnKey.new(), pretended_server(typed_code(guess), heard))
    fields = {key for sent in heard for key in unpack(sent[HEAD_BYTES:])}
    assert len(heard) == 3
    assert fields == {"kind", "version", "slot", "form", "key", "element"}


def test_a_pretended_kit_learns_nothing_to_try_later(authority: Authority) -> None:
    """With the authority's answer, one guess can be checked; every other needs another try."""
    code = made_code(authority)
    wrong = KitCode(code.slot, "typed", f"{(int(code.secret) + 1) % 100_000:05}")
    side = KitSide(wrong, OwnKey.new().public)
    welcome: Welcome = decode(talk_to(authority)(side.hello().encode()), Welcome)
    with pytest.raises(ProofError):
        side.check(welcome)
    for other in range(20):  # the element was made for one guess: no other fits it now
        again = KitSide(KitCode(code.slot, "typed", f"{other:05}"), OwnKey.new().public)
        again.hello()
        with pytest.raises(ProofError):
            again.check(welcome)
    assert authority.nodes()[0].tries_left == 4


def test_what_was_recorded_can_t_be_played_again(authority: Authority) -> None:
    between = InBetween(authority)
    enrol(made_code(authority), OwnKey.new(), between)
    hello, _, request, _ = between.seen
    authority.new_code("school", "r1", "pi-2", SETTINGS)
    to = talk_to(authority)
    first = to(len(hello).to_bytes(4, "big") + hello)
    assert unpack(first)["kind"] == "welcome"
    assert unpack(to(len(request).to_bytes(4, "big") + request))["kind"] == "refusal"
    assert [node.enrolled_at is None for node in authority.nodes()] == [False, True]


def test_the_authoritys_own_element_sent_back_proves_nothing(authority: Authority) -> None:
    code = made_code(authority)
    to = talk_to(authority)
    side = KitSide(code, OwnKey.new().public)
    welcome: Welcome = decode(to(side.hello().encode()), Welcome)
    mirrored = Request(proof=welcome.proof, sealed=bytes(32))
    assert unpack(to(mirrored.encode()))["kind"] == "refusal"
    assert not is_enrolled(authority)


def test_the_fingerprint_is_the_certificates(authority: Authority) -> None:
    made = authority.new_code("school", "r1", "pi-1", SETTINGS)
    wanted = hashlib.sha256(authority.signing.certificate_der).digest()
    assert QrText.parse(made.qr_text).fingerprint == wanted


def test_a_later_version_is_named(authority: Authority) -> None:
    fields = KitSide(made_code(authority), OwnKey.new().public).hello().model_dump()
    answer = unpack(talk_to(authority)(frame(fields | {"version": 2})))
    assert (answer["kind"], answer["reason"]) == ("refusal", "version")
    assert "install the same version" in str(answer["text"])
    assert authority.nodes()[0].tries_left == 5
