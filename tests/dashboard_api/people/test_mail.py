"""Invitations by mail, to a real SMTP server on this computer."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from dashboard_api.app import create_app
from dashboard_api.language import LANGUAGES
from dashboard_api.people.mail import Mailer
from school.people.settings import SmtpSettings
from tests.dashboard_api.conftest import Pages
from tests.language.marked import MARKED
from tests.signed_in import cookie

SENDER = "roomtone@school.example"
PASSWORD = "the mail server's password"
NEW = {"name": "Bob Oyelaran", "sign_in_name": "bob@school.example", "roles": "teacher"}


class _Never:
    """A limit of time that does not end."""

    async def __aenter__(self) -> None: ...
    async def __aexit__(self, *_: object) -> None: ...


class Box:
    """Takes every message."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.recipients: list[list[str]] = []
        self.was_encrypted: list[bool] = []
        self.answer = "250 taken"

    async def handle_DATA(self, server, _session, envelope) -> str:  # noqa: N802  # aiosmtpd's
        self.messages.append(envelope.content)
        self.recipients.append(envelope.rcpt_tos)
        self.was_encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return self.answer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A key and a certificate for 127.0.0.1, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def mail_server(box: Box, **how) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port, **how)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def context_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@contextmanager
def pages_with(stores, clock, port: int, password: str = PASSWORD, **more) -> Iterator[Pages]:
    """The browser of an administrator, with a mail server."""
    settings = SmtpSettings(
        **{"host": "127.0.0.1", "port": port, "sender": SENDER, "security": "none", **more}
    )
    app = create_app(
        lambda: stores, clock=clock, zone=ZoneInfo("Europe/Berlin"),
        mailer=Mailer(settings, SecretStr(password) if settings.user else None),
    )  # fmt: skip
    with Pages(app, cookie(stores.people, clock.utc_ns())) as pages:
        yield pages


def link_on(page: str) -> str:
    return re.search(r'value="(http://127\.0\.0\.1:8000/invitation/[\w-]+)"', page)[1]


def test_an_invitation_and_a_reset_are_sent_and_shown(stores, clock):
    box = Box()
    with mail_server(box) as port, pages_with(stores, clock, port) as pages:
        page = pages.post("/people", data=NEW).text
        assert "on its way to bob@school.example" in page
        sent = message_from_bytes(box.messages[0], policy=default)
        assert (sent["To"], sent["From"]) == ("bob@school.example", SENDER)
        assert box.recipients == [["bob@school.example"]]
        assert sent.get_content_type() == "text/plain"
        text = sent.get_content()
        assert re.findall(r"https?://\S+", text) == [link_on(page)]
        for detail in ("Oyelaran", "bob", "the-teacher", "teacher"):
            assert detail not in text, "nothing of the school's data"
        person = stores.people.named("bob@school.example")
        again = pages.post(f"/people/{person.id}/invitation").text
        assert link_on(again) in box.messages[1].decode()
        assert link_on(again) != link_on(page)


def test_a_link_s_mail_is_in_its_reader_s_language_or_its_sender_s(stores, clock, monkeypatch):
    monkeypatch.setitem(LANGUAGES, "es", MARKED)
    box = Box()
    with mail_server(box) as port, pages_with(stores, clock, port) as pages:
        spanish = {"Accept-Language": "es"}
        assert pages.post("/people", data=NEW, headers=spanish).status_code == 200
        person = stores.people.named("bob@school.example").id
        for language in ("en", "es"):
            stores.people.languages.choose(person, language)
            pages.post(f"/people/{person}/invitation")
    subjects = [message_from_bytes(one, policy=default)["Subject"] for one in box.messages]
    said = "Your link for Roomtone"
    assert subjects == [f"[{said}]", said, f"[{said}]"]


@pytest.mark.parametrize("security", ("starttls", "tls"))
def test_it_is_sent_encrypted_and_signed_in(stores, clock, certificate, security):
    box, seen = Box(), []

    def authenticate(_server, _session, _envelope, _mechanism, data) -> AuthResult:
        seen.append((data.login, data.password))
        return AuthResult(success=data.password == PASSWORD.encode())

    context = context_of(certificate)
    how = {"ssl_context": context} if security == "tls" else {"tls_context": context}
    how |= {"authenticator": authenticate, "auth_require_tls": security == "starttls"}
    more = {"security": security, "ca_file": certificate, "user": "roomtone"}
    with mail_server(box, **how) as port, pages_with(stores, clock, port, **more) as pages:
        assert "on its way" in pages.post("/people", data=NEW).text
    assert box.was_encrypted == [True]
    assert seen == [(b"roomtone", PASSWORD.encode())]


@pytest.fixture
def fails(stores, clock, caplog):
    """Checks that a failure is said on the page, with the link, and holds no secret."""
    caplog.set_level(logging.DEBUG, "dashboard")

    def check(words: str, port: int, **more) -> None:
        with pages_with(stores, clock, port, **more) as pages:
            page = pages.post("/people", data=NEW)
        assert page.status_code == 200
        assert words in page.text
        link = link_on(page.text)
        assert "on its way" not in page.text
        logged = [each.getMessage() for each in caplog.records if each.name == "dashboard"]
        assert logged
        for secret in (PASSWORD, "wrong password", link, "bob@", "words of the server"):
            assert secret not in str(logged)
            assert secret == link or secret not in page.text.replace("bob@school.example", "")

    return check


def test_a_server_that_is_gone(fails):
    fails("The mail server did not take the message: ConnectionRefusedError.", 9)


def test_a_server_that_is_silent(fails):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        fails("it takes too long", silent.getsockname()[1], timeout_s=0.3)


def test_a_silent_server_that_the_library_gives_up_first(fails, monkeypatch):
    monkeypatch.setattr("dashboard_api.people.mail.asyncio.timeout", lambda _: _Never())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        fails("it takes too long", silent.getsockname()[1], timeout_s=0.3)


def test_a_server_that_refuses(fails):
    box = Box()
    box.answer = "554 words of the server"
    with mail_server(box) as port:
        fails("The mail server did not take the message", port)


def test_a_server_with_a_strange_certificate_gets_nothing(fails, certificate):
    box = Box()
    with mail_server(box, tls_context=context_of(certificate)) as port:
        fails("SSLCertVerificationError", port, security="starttls", user="roomtone")
    assert box.messages == []


def test_a_server_without_tls_gets_nothing(fails):
    box = Box()
    with mail_server(box) as port:
        fails("The mail server did not take", port, security="starttls", user="roomtone")
    assert box.messages == []


def test_a_wrong_password(fails, certificate):
    how = {"tls_context": context_of(certificate)}
    how["authenticator"] = lambda *_: AuthResult(success=False, handled=False)
    more = {"security": "starttls", "ca_file": certificate, "user": "roomtone"}
    with mail_server(Box(), **how) as port:
        fails("it refuses our name or password", port, password="wrong password", **more)


@pytest.mark.parametrize("name", ("bob", "bob@", "a@b.example, c@d.example", "a@b\r\nBcc: c@d.x"))
def test_who_has_no_address_gets_no_message(stores, clock, name):
    box = Box()
    with mail_server(box) as port, pages_with(stores, clock, port) as pages:
        page = pages.post("/people", data={**NEW, "sign_in_name": name}).text
    assert "The name to sign in with is no e-mail address." in page
    assert link_on(page)
    assert box.messages == []


def test_without_a_mail_server_the_link_is_shown_alone(client):
    page = client.post("/people", data=NEW).text
    assert link_on(page)
    assert "mail" not in page
    assert "Send this link to Bob Oyelaran" in page
