"""`roomtone enrol` against a served authority, over a real port, into a folder of the test."""

from __future__ import annotations

import io
import socket
import stat
from pathlib import Path

import pytest

from contract.errors import EnrolmentError
from contract.mqtt.own_certificate import fault_of_certificate
from edge_agent.enrolment.command import renew_identity
from edge_agent.enrolment.identity_folder import read_identity
from firmware_bridge import usb_ports
from roomtone.cli import main

from .conftest import MovableClock, Served

TOML = """\
site = "school"
room = "r1"
node = "pi-1"
[[hub]]
name = "hub-a"
port = "/dev/serial/by-id/none"
seats = [1, 2]
[broker]
host = "localhost"
port = 8883
ca_file = "/etc/roomtone/identity/ca.crt"
certificate_file = "/etc/roomtone/identity/node.crt"
key_file = "/etc/roomtone/identity/node.key"
"""


def enrol(served: Served, directory: Path, code: str) -> int:
    return main([
        "enrol", "--server", f"127.0.0.1:{served.port}", "--code", code, "--dir", str(directory),
        "--no-start",
    ])  # fmt: skip


def new_code(served: Served, node: str = "pi-1", toml: str = TOML) -> str:
    return served.client.new_code("school", "r1", node, toml).code


def test_a_code_makes_key_certificate_and_settings(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    etc = tmp_path / "etc"
    assert enrol(served, etc, new_code(served)) == 0
    said = capsys.readouterr().out
    assert "this kit is pi-1 in room r1 of school" in said
    assert "hub-a is set to /dev/serial/by-id/none, which is not here" in said
    identity = etc / "identity"
    assert f'key_file = "{identity}/node.key"' in (etc / "edge.toml").read_text()
    assert stat.S_IMODE((identity / "node.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(identity.stat().st_mode) == 0o700
    read = read_identity(etc)
    assert read.node == "pi-1"
    found = fault_of_certificate(identity / "node.crt", identity / "node.key", identity / "ca.crt")
    # The test's clock stands in 2026; the files belong together whatever the date is.
    assert found in {None, "certificate has expired", "certificate is not yet valid"}
    assert served.client.nodes()[0].enrolled_at is not None


def test_the_text_of_a_qr_code_comes_from_a_scanner(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    qr = served.client.new_code("school", "r1", "pi-1", TOML).qr_text
    monkeypatch.setattr("sys.stdin", io.StringIO(qr.replace("server.example", "127.0.0.1") + "\n"))
    assert main(["enrol", "--qr", "-", "--dir", str(tmp_path / "etc"), "--no-start"]) == 0
    assert read_identity(tmp_path / "etc").node == "pi-1"


def test_a_wrong_code_leaves_nothing_and_says_what_to_do(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = new_code(served)
    wrong = code[0] + f"{(int(code[1:]) + 1) % 100_000:05}"
    assert enrol(served, tmp_path / "etc", wrong) == 1
    said = capsys.readouterr().err
    assert "The server does not know this code. Most likely it is mistyped" in said
    assert "4 more tries are left" in said
    assert not (tmp_path / "etc").exists()


def test_enrolling_again_keeps_what_a_person_wrote(served: Served, tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    enrol(served, etc, new_code(served))
    (etc / "edge.toml").write_text("# mine\n")
    first = read_identity(etc)
    assert enrol(served, etc, new_code(served)) == 0
    assert (etc / "edge.toml.old").read_text() == "# mine\n"
    assert read_identity(etc).certificate != first.certificate
    folders = sorted(path.name for path in etc.iterdir() if path.is_dir())
    assert len(folders) == 2
    assert (etc / folders[0]).readlink() == Path(folders[1])


def test_settings_of_another_version_are_kept_and_named(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert enrol(served, tmp_path / "etc", new_code(served, toml=TOML + "later = 1\n")) == 0
    assert "do not fit this version" in capsys.readouterr().out


def test_a_certificate_renews_in_its_second_half_with_a_new_key(
    served: Served, tmp_path: Path, clock: MovableClock,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    etc = tmp_path / "etc"
    enrol(served, etc, new_code(served))
    before = read_identity(etc)
    clock.advance(days=44)
    renew_identity(etc, clock.now.timestamp)
    assert "nothing to renew yet" in capsys.readouterr().out
    clock.advance(days=2)
    renew_identity(etc, clock.now.timestamp)
    after = read_identity(etc)
    assert after.key.public != before.key.public
    assert (after.certificate.not_valid_after_utc - clock.now).days == 90
    assert after.renewing.renew_after > before.renewing.renew_after


def test_ten_weeks_off_with_an_ended_certificate_and_a_wrong_clock(
    served: Served, tmp_path: Path, clock: MovableClock,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Its clock stopped when it was switched off, and still says so when it comes back."""
    etc = tmp_path / "etc"
    enrol(served, etc, new_code(served))
    clock.advance(days=46)
    stopped = clock.now.timestamp()
    clock.advance(days=70)
    renew_identity(etc, lambda: stopped)
    said = capsys.readouterr().out
    assert "is renewed until" in said
    assert "this kit's clock is 70 days behind the server's" in said
    assert read_identity(etc).certificate.not_valid_after_utc > clock.now


def test_a_revoked_kit_is_asked_to_enrol_again(
    served: Served, tmp_path: Path, clock: MovableClock,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    etc = tmp_path / "etc"
    enrol(served, etc, new_code(served))
    served.client.revoke("pi-1")
    clock.advance(days=60)
    with pytest.raises(EnrolmentError, match="The certificate of pi-1 is revoked"):
        renew_identity(etc, clock.now.timestamp)


def test_a_kit_that_never_enrolled_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["enrol", "--renew", "--dir", str(tmp_path)]) == 2
    assert "not enrolled yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    (
        ([], "Name the school's server"),
        (["--server", "h:99999", "--code", "123456"], "--server is 'h:99999'"),
        (["--server", "h", "--code", "12345"], "six digits"),
        (["--qr", "123456"], "whole text"),
        (["--server", "127.0.0.1:1", "--code", "123456"], "can't be reached"),
    ),
)
def test_a_bad_command_line_has_its_sentence(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["enrol", *words, "--dir", str(tmp_path)]) in {1, 2}
    assert sentence in capsys.readouterr().err


def test_a_stranger_who_holds_connections_keeps_no_kit_out_for_long(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Eight of one address talk at once; the next one is asked to come back, and the code stays."""
    code = new_code(served)
    idle = [socket.create_connection(("127.0.0.1", served.port), 60) for _ in range(8)]
    try:
        answers = b""
        while not answers:  # a connection is counted when the server has met it
            with socket.create_connection(("127.0.0.1", served.port), 60) as extra:
                extra.settimeout(0.5)
                try:
                    answers = extra.recv(400)
                except TimeoutError:
                    continue
        assert b"as many kits as it can" in answers
    finally:
        for each in idle:
            each.close()
    assert enrol(served, tmp_path / "etc", code) == 0


def test_without_its_authority_the_port_says_so(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = new_code(served)
    kits = served.authority.settings.kits_socket
    kits.rename(kits.with_name("aside"))
    assert enrol(served, tmp_path / "etc", code) == 1
    assert "authority does not answer" in capsys.readouterr().err
    kits.with_name("aside").rename(kits)
    assert enrol(served, tmp_path / "etc", code) == 0


def test_the_sockets_of_hubs_are_settled_once_all_are_plugged_in(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    etc, sockets = tmp_path / "etc", tmp_path / "by-path"
    monkeypatch.setattr(usb_ports, "BY_PATH", sockets)
    assert (
        enrol(served, etc, new_code(served, toml=TOML.replace("/dev/serial/by-id/none", "usb:1")))
        == 0
    )
    said = capsys.readouterr().out
    assert "name 1 hubs on USB sockets, and 0 serial devices are plugged in" in said
    assert "`sudo roomtone enrol --ports`" in said
    settings = etc / "edge.toml"
    assert 'port = "usb:1"' in settings.read_text()
    settle = ["enrol", "--ports", "--dir", str(etc), "--no-start"]
    assert main(settle) == 2  # still not plugged in
    sockets.mkdir()
    device = sockets / "platform-usb-0:1.2:1.0-port0"
    device.touch()
    assert main(settle) == 0
    assert capsys.readouterr().out == f"hub-a is at {device}\n"
    assert f'port = "{device}"' in settings.read_text()
    assert (
        enrol(served, etc, new_code(served, toml=TOML.replace("/dev/serial/by-id/none", "usb:1")))
        == 0
    )
    assert f'port = "{device}"' in settings.read_text()
