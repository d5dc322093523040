"""HTTPS by a certificate: it is checked before the pages are served, and then it is spoken."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from contract.errors import ConfigurationError
from dashboard_api.settings import DashboardSettings
from dashboard_api.web.network.certificate import tls_context
from ingest.doctor.checks import ask
from tests.certificates import Certificate, make_certificate
from tests.dashboard_api.server import running

NAME = "roomtone.school.example"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"), NAME, "localhost")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("other"), NAME)


def checked(certificate: Path, key: Path, utc_ns: int | None = None) -> ssl.SSLContext | None:
    settings = DashboardSettings(certificate=certificate, private_key=key)
    return tls_context(settings, "server.toml", time.time_ns() if utc_ns is None else utc_ns)


def test_without_one_there_is_no_https() -> None:
    assert tls_context(DashboardSettings(), "server.toml", 0) is None


def test_it_speaks_no_old_tls(made: Certificate) -> None:
    context = checked(made.certificate, made.key)
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_each_fault_gets_its_sentence(made, other, tmp_path) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_bytes(b"\0 no certificate")
    secret = tmp_path / "secret.key"
    command = ("openssl", "pkey", "-in", made.key, "-aes256", "-passout", "pass:secret")
    subprocess.run((*command, "-out", secret), check=True, capture_output=True)
    missing = tmp_path / "missing.pem"
    for certificate, key, sentence in (
        (missing, made.key, rf"dashboard\.certificate: {missing} can't be read \(No such file"),
        (made.certificate, missing, rf"dashboard\.private_key: {missing} can't be read"),
        (tmp_path, made.key, "can't be read .Is a directory"),
        (rubbish, made.key, r"is no certificate \(no PEM certificate\)"),
        (made.certificate, other.key, r"is not the key of .* \(key values mismatch\)"),
        (made.certificate, rubbish, "is not the key of"),
        (made.certificate, secret, "is not the key of .*, or has a password"),
    ):
        with pytest.raises(ConfigurationError, match=rf"(?s)^server\.toml: .*{sentence}"):
            checked(certificate, key)


def test_one_that_has_expired_is_refused(made: Certificate) -> None:
    days_ns = 86_400 * 10**9
    assert checked(made.certificate, made.key, time.time_ns() + 29 * days_ns)
    with pytest.raises(ConfigurationError, match="has expired; renew it"):
        checked(made.certificate, made.key, time.time_ns() + 31 * days_ns)


def test_the_pages_speak_https(stores, made) -> None:
    settings = {
        "certificate": str(made.certificate), "private_key": str(made.key), "hosts": [NAME],
    }  # fmt: skip
    context = ssl.create_default_context(cafile=str(made.certificate))
    with running(stores, **settings) as server:
        connection = http.client.HTTPSConnection(
            "localhost", server.port, timeout=60, context=context
        )
        for host, status in ((NAME, 200), ("localhost", 200), ("evil.example", 421)):
            connection.request("GET", "/sign-in", headers={"Host": host})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        connection.close()
        alive = ask(server.port, "/healthz", is_https=True)
        assert alive is not None
        assert alive.words["program"] == "dashboard"
        plain = ask(server.port, "/healthz")
        assert plain is None or plain.status != 200
        old = ssl.create_default_context(cafile=str(made.certificate))
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError):
            http.client.HTTPSConnection("localhost", server.port, timeout=60, context=old).request(
                "GET", "/"
            )
