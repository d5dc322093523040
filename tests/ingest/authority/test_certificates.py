"""What the authority signs, what it renews, and what it does not."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from contract.enrolment.messages import Renewal
from contract.errors import EnrolmentError, StoreError, UsageError
from edge_agent.enrolment.dialogue import Enrolled, renew
from edge_agent.enrolment.own_key import OwnKey
from ingest.authority.authority import Authority
from ingest.authority.signing import Signing

from .conftest import START, MovableClock, enrol_kit, talk_to


def renew_kit(
    authority: Authority, key: OwnKey, enrolled: Enrolled, new: OwnKey | None = None
) -> x509.Certificate:
    made, _ = renew(
        key, enrolled.identity.certificate, new or OwnKey.new(), authority=enrolled.authority,
        node=enrolled.identity.node, exchange=talk_to(authority),
    )  # fmt: skip
    return made


def name_of(certificate: x509.Certificate) -> object:
    return certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


def test_a_kits_certificate_has_its_name_and_ninety_days(authority: Authority) -> None:
    _, enrolled = enrol_kit(authority)
    made = enrolled.certificate
    assert name_of(made) == "pi-1"
    assert made.not_valid_after_utc == START + timedelta(days=90)
    usage = made.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not usage.ca


def test_a_clock_that_is_behind_finds_no_certificate_that_is_not_valid_yet(
    authority: Authority, clock: MovableClock
) -> None:
    """A Pi's clock stops while it is off; the broker's certificate may have been renewed since."""
    clock.advance(days=300)
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = authority.certify("broker", der, ["localhost", "10.0.0.5"])
    made = x509.load_pem_x509_certificate(pem.encode())
    assert made.not_valid_before_utc < START
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.5"]


def test_only_the_broker_and_the_server_get_a_certificate_without_a_code(
    authority: Authority,
) -> None:
    with pytest.raises(UsageError, match="Only"):
        authority.certify("pi-1", OwnKey.new().public, [])
    with pytest.raises(UsageError, match="can't be used"):
        authority.certify("server", b"no key", [])


def test_the_key_is_for_its_owner_alone_and_the_same_after_a_restart(tmp_path: Path) -> None:
    first = Signing.open(tmp_path, site="school", now=lambda: START)
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = Signing.open(tmp_path, site="school", now=lambda: START + timedelta(days=9))
    assert again.certificate_der == first.certificate_der


def test_a_damaged_key_is_reported_and_never_replaced(tmp_path: Path) -> None:
    Signing.open(tmp_path, site="school", now=lambda: START)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(StoreError, match="restore your copy"):
        Signing.open(tmp_path, site="school", now=lambda: START)
    assert len(file.read_bytes()) == 100


def test_a_kit_renews_with_a_new_key_and_the_old_certificate_ends_by_itself(
    authority: Authority, clock: MovableClock
) -> None:
    key, enrolled = enrol_kit(authority)
    clock.advance(days=50)
    made = renew_kit(authority, key, enrolled)
    assert name_of(made) == "pi-1"
    assert made.not_valid_after_utc == START + timedelta(days=140)
    assert authority.nodes()[0].valid_until == START + timedelta(days=140)
    assert authority.state.revoked_serials() == []


def test_a_kit_that_was_off_for_ten_weeks_renews_what_has_ended(
    authority: Authority, clock: MovableClock
) -> None:
    key, enrolled = enrol_kit(authority)
    clock.advance(days=85 + 70)
    assert renew_kit(authority, key, enrolled).not_valid_after_utc == clock.now + timedelta(days=90)


def test_a_certificate_that_ended_too_long_ago_is_not_renewed(
    authority: Authority, clock: MovableClock
) -> None:
    key, enrolled = enrol_kit(authority)
    clock.advance(days=90 + 399)
    renew_kit(authority, key, enrolled)
    clock.advance(days=1)
    with pytest.raises(EnrolmentError, match="400 days ago, which is too long: enrol"):
        renew_kit(authority, key, enrolled)


def test_asking_twice_for_one_key_gives_the_same_certificate(authority: Authority) -> None:
    key, enrolled = enrol_kit(authority)
    new = OwnKey.new()
    assert renew_kit(authority, key, enrolled, new) == renew_kit(authority, key, enrolled, new)


def test_a_revoked_kit_renews_nothing(authority: Authority) -> None:
    key, enrolled = enrol_kit(authority)
    renew_kit(authority, key, enrolled)
    authority.revoke("pi-1")
    with pytest.raises(EnrolmentError, match="revoked"):
        renew_kit(authority, key, enrolled)


def test_a_kit_that_gets_anothers_name_locks_the_other_out(authority: Authority) -> None:
    stolen, enrolled = enrol_kit(authority)
    enrol_kit(authority)
    with pytest.raises(EnrolmentError, match="another kit has its name"):
        renew_kit(authority, stolen, enrolled)
    assert authority.state.revoked_serials() == [enrolled.certificate.serial_number]


def test_a_certificate_alone_renews_nothing(authority: Authority) -> None:
    _, enrolled = enrol_kit(authority)
    with pytest.raises(EnrolmentError, match="not signed by the key"):
        renew_kit(authority, OwnKey.new(), enrolled)


def test_another_authoritys_certificate_renews_nothing(
    authority: Authority, tmp_path: Path
) -> None:
    tmp_path.joinpath("other").mkdir()
    other = Signing.open(tmp_path / "other", site="school", now=lambda: START)
    key = OwnKey.new()
    private = ec.generate_private_key(ec.SECP256R1())
    _, enrolled = enrol_kit(authority)
    foreign = other.issue(
        "pi-1", private.public_key(), "kit", until=datetime(2027, 1, 1, tzinfo=UTC)
    ).public_bytes(Encoding.DER)
    request = key.signing_request()
    mine = OwnKey(private)
    with pytest.raises(EnrolmentError, match="another authority"):
        renew(mine, foreign, key, authority=enrolled.authority, node="pi-1",
              exchange=talk_to(authority))  # fmt: skip
    assert mine.sign(Renewal.purpose + request)  # the signature itself was fine


def test_a_kit_that_renews_without_end_is_stopped(authority: Authority) -> None:
    key, enrolled = enrol_kit(authority)
    for _ in range(39):
        renew_kit(authority, key, enrolled)
    with pytest.raises(EnrolmentError, match="again and again"):
        renew_kit(authority, key, enrolled)


def test_only_keys_on_p_256_are_signed(authority: Authority) -> None:
    class Rsa(OwnKey):
        def __init__(self) -> None:
            self._key = rsa.generate_private_key(65537, 2048)  # type: ignore[assignment]

    key, enrolled = enrol_kit(authority)
    with pytest.raises((EnrolmentError, TypeError)):
        renew_kit(authority, key, enrolled, Rsa())


def test_the_list_of_the_revoked_has_them_all_and_is_never_over(
    authority: Authority, clock: MovableClock
) -> None:
    _, first = enrol_kit(authority, "pi-1")
    enrol_kit(authority, "pi-2")
    authority.revoke("pi-1")
    clock.advance(days=-2)  # the server's clock was set back
    authority.publish()
    lists = authority.lists
    revoked = x509.load_pem_x509_crl(lists.revoked.encode())
    probe = x509.load_pem_x509_certificate(lists.probe_certificate.encode())
    assert {each.serial_number for each in revoked} == {
        first.certificate.serial_number, probe.serial_number,
    }  # fmt: skip
    assert revoked.last_update_utc < clock.now + timedelta(days=3)
    assert revoked.next_update_utc is not None
    assert revoked.next_update_utc > clock.now + timedelta(days=365 * 19)


def test_the_access_list_ties_each_kit_to_its_room(authority: Authority) -> None:
    enrol_kit(authority, "pi-1", "r1")
    enrol_kit(authority, "pi-2", "r2")
    text = authority.lists.access
    own = text.partition("user pi-1")[2].partition("user ")[0]
    assert "topic write roomtone/1/school/r1/pi-1/data" in own
    assert "r2" not in own
    assert "+" not in own
    assert "user server" in text
    authority.revoke("pi-1")
    assert "user pi-1" in authority.lists.access  # until its will was published
    assert authority.pending() == ["pi-1"]
    authority.disconnected("pi-1")
    assert "pi-1" not in authority.lists.access
    assert authority.pending() == []


def test_a_kit_that_moves_keeps_its_room_until_it_used_the_code(authority: Authority) -> None:
    enrol_kit(authority, "pi-1", "r1")
    authority.new_code("school", "r2", "pi-1", "")
    assert "/r1/pi-1/data" in authority.lists.access
    assert "/r2/pi-1/data" in authority.lists.access
    enrol_kit(authority, "pi-1", "r2")
    assert "/r1/pi-1/data" not in authority.lists.access
