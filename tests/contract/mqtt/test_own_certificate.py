"""A node's or a server's own certificate: there, readable, fitting, lasting, and private."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from contract.finding import Finding
from contract.mqtt.own_certificate import (
    fault_of_certificate,
    own_certificate_findings,
    valid_until,
)
from contract.settings import BrokerSettings

IF_OVER = "without it this kit is mute"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`server` and `soon` by `ca`, `purpose` for servers alone, a stranger `other-ca`."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for ca in ("ca", "other-ca"):
        openssl("req", "-x509", *key, "-keyout", f"{ca}.key", "-out", f"{ca}.pem", "-days", "90",
                "-subj", f"/CN={ca}")  # fmt: skip
    (folder / "plain").write_text("basicConstraints=CA:FALSE\n")
    (folder / "servers").write_text("extendedKeyUsage=serverAuth\n")
    for name, days, extensions in (
        ("server", 60, "plain"), ("soon", 10, "plain"), ("purpose", 60, "servers"),
    ):  # fmt: skip
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj",
                f"/CN={name}")  # fmt: skip
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", str(days), "-out", f"{name}.pem", "-extfile",
                extensions)  # fmt: skip
    openssl("ec", "-in", "server.key", "-aes128", "-passout", "pass:secret", "-out", "locked.key")
    openssl("x509", "-in", "server.pem", "-outform", "DER", "-out", "server.der")
    (folder / "folder").mkdir()
    for path in folder.glob("*.key"):
        path.chmod(0o600)
    return folder


def said_of(broker: BrokerSettings) -> list[Finding]:
    return list(own_certificate_findings(broker, owner="this kit", if_expired=IF_OVER))


def found(
    folder: Path, certificate: str = "server.pem", key: str = "server.key", ca: str = "ca.pem"
) -> list[Finding]:
    broker = BrokerSettings(
        ca_file=folder / ca, certificate_file=folder / certificate, key_file=folder / key
    )
    return said_of(broker)


def test_a_good_one_is_fine(certificates: Path) -> None:
    (one,) = found(certificates)
    assert (one.state, one.advice) == ("fine", "")
    assert "60 more days" in one.said


def test_without_tls_there_is_nothing_to_say_and_without_a_certificate_a_note(
    certificates: Path,
) -> None:
    assert said_of(BrokerSettings()) == []
    (one,) = said_of(BrokerSettings(ca_file=certificates / "ca.pem"))
    assert one.state == "note"
    assert "unless the broker accepts this kit without" in one.advice


@pytest.mark.parametrize(
    ("names", "said"),
    (
        (("none.pem", "server.key", "ca.pem"), "none.pem can't be read (No such file"),
        (("server.pem", "none.key", "ca.pem"), "none.key can't be read (No such file"),
        (("server.pem", "server.key", "none.pem"), "none.pem can't be read (No such file"),
        (("folder", "server.key", "ca.pem"), "folder can't be read (Is a directory"),
        (("server.pem", "folder", "ca.pem"), "folder can't be read (Is a directory"),
        (("server.pem", "server.key/x", "ca.pem"), "server.key/x can't be read (Not a directory"),
        (("server.pem", "soon.key", "ca.pem"), "don't belong together"),
        (("server.pem", "locked.key", "ca.pem"), "don't belong together, or are none"),
        (("server.key", "server.key", "ca.pem"), "is no certificate"),
        (("server.der", "server.key", "ca.pem"), "is no certificate (no PEM certificate)"),
        (("server.pem", "server.key", "other-ca.pem"), "would be refused"),
        (("server.pem", "server.key", "plain"), "no certificate of an authority"),
        (("purpose.pem", "purpose.key", "ca.pem"), "purpose"),
        (("soon.pem", "soon.key", "ca.pem"), "10 more days"),
    ),
)
def test_what_is_wrong_is_said(certificates: Path, names: tuple[str, str, str], said: str) -> None:
    (one,) = found(certificates, *names)
    assert one.state == "wrong"
    assert said in one.said
    assert one.advice


def test_one_that_has_run_out(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = valid_until((certificates / "server.pem").read_text())
    monkeypatch.setattr("contract.mqtt.own_certificate.time.time", lambda: ends + 86_400)
    (one,) = found(certificates)
    assert "has run out" in one.said
    assert one.advice == f"renew it (and check the clock): {IF_OVER}"


def test_the_end_of_a_certificate_is_read_from_its_file(certificates: Path) -> None:
    for name, days in (("server", 60), ("soon", 10), ("ca", 90)):
        ends = valid_until((certificates / f"{name}.pem").read_text())
        assert abs(ends - time.time() - days * 86_400) < 3600
    with pytest.raises(ValueError, match="no PEM"):
        valid_until("")


def test_a_key_that_others_may_read(certificates: Path, tmp_path: Path) -> None:
    for name in ("ca.pem", "server.pem", "server.key"):
        shutil.copy(certificates / name, tmp_path / name)
    (tmp_path / "server.key").chmod(0o640)
    (one,) = found(tmp_path)
    assert "can be read by others (mode 640)" in one.said
    assert "chmod 600" in one.advice
    assert "speak as this kit" in one.advice


def test_the_check_changes_nothing_and_asks_nobody(certificates: Path) -> None:
    key, ca = certificates / "server.key", certificates / "ca.pem"
    assert fault_of_certificate(certificates / "server.pem", key, ca) is None
    fault = fault_of_certificate(certificates / "server.pem", key, certificates / "other-ca.pem")
    assert fault is not None
    assert "[" not in fault  # OpenSSL's numbers and places are not for people
