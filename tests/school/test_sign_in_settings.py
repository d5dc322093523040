"""`[openid]` and `[smtp]`: what must be said, and that no secret shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract.addresses import is_safe_address
from contract.errors import ConfigurationError, UsageError
from ingest.settings import ServerSettings
from school.people.settings import OpenIdSettings, SmtpSettings

OPENID: dict[str, Any] = {"issuer": "https://id.school.example", "client_id": "roomtone"}
SMTP: dict[str, Any] = {"host": "mail.school.example", "sender": "roomtone@school.example"}
GOOGLE = {**OPENID, "issuer": "https://accounts.google.com"}
ENTRA = {**OPENID, "issuer": "https://login.microsoftonline.com/1-2/v2.0"}


@pytest.mark.parametrize(
    ("table", "fields", "words"),
    (
        ("openid", {**OPENID, "issuer": "http://id.school.example"}, "openid.issuer"),
        ("openid", {**OPENID, "issuer": "https://me:secret@id.example"}, "openid.issuer"),
        ("openid", {"issuer": "https://id.school.example"}, "openid.client_id"),
        ("openid", GOOGLE, "openid.domain"),
        ("openid", ENTRA, "openid.tenant"),
        ("openid", {**OPENID, "client_secret": "x"}, "openid.client_secret"),
        ("smtp", {"host": "mail.school.example"}, "smtp.sender"),
        ("smtp", {**SMTP, "sender": "a@b.example\nBcc: x@y.example"}, "smtp.sender"),
        ("smtp", {**SMTP, "sender": "Roomtone <a@b.example>"}, "smtp.sender"),
        ("smtp", {**SMTP, "security": "none"}, "smtp.security"),
        ("smtp", {**SMTP, "password": "x"}, "smtp.password"),
    ),
)
def test_what_can_not_work_is_refused_by_name(table, fields, words):
    with pytest.raises(ConfigurationError) as refused:
        ServerSettings.checked({"site": "school", table: fields}, where="server.toml")
    assert words in str(refused.value)


def test_what_is_whole_is_taken():
    tables = {
        "openid": {**GOOGLE, "domain": "school.example"},
        "smtp": {"host": "localhost", "sender": "a@b.example", "security": "none"},
    }
    settings = ServerSettings.checked({"site": "school", **tables}, where="server.toml")
    assert settings.openid.domain == "school.example"
    assert settings.smtp.host == "localhost"


def test_a_secret_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch):
    file = tmp_path / "secret"
    file.write_text("s3cret-value\n")
    kept = OpenIdSettings(**OPENID, client_secret_file=file).secret()
    assert kept.get_secret_value() == "s3cret-value"
    assert "s3cret-value" not in repr(kept) + str(kept)
    with pytest.raises(ConfigurationError, match="ROOMTONE_OPENID_SECRET"):
        OpenIdSettings(**OPENID).secret()
    monkeypatch.setenv("ROOMTONE_OPENID_SECRET", "from the environment")
    assert OpenIdSettings(**OPENID).secret().get_secret_value() == "from the environment"
    assert SmtpSettings(**SMTP).password() is None
    monkeypatch.setenv("ROOMTONE_SMTP_PASSWORD", "pass")
    found = SmtpSettings(**SMTP, user="roomtone").password()
    assert found is not None
    assert found.get_secret_value() == "pass"


@pytest.mark.parametrize("content", ("", " \n", "one\ntwo-s3cret", "s3cret" * 5_000))
def test_a_file_that_holds_no_secret_is_refused_without_its_content(tmp_path: Path, content: str):
    file = tmp_path / "secret"
    file.write_text(content)
    with pytest.raises(ConfigurationError) as refused:
        OpenIdSettings(**OPENID, client_secret_file=file).secret()
    assert "openid.client_secret_file" in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_a_file_that_is_missing_is_named(tmp_path: Path):
    with pytest.raises(UsageError, match="none"):
        OpenIdSettings(**OPENID, client_secret_file=tmp_path / "none").secret()


@pytest.mark.parametrize(
    ("address", "is_safe"),
    (
        ("https://id.school.example/realms/a", True),
        ("http://127.0.0.1:8080", True),
        ("http://localhost:1", True),
        ("http://id.school.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("javascript:alert(1)", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("https://[", False),
        ("https://a.example/\n", False),
        ("https://u@a.example/", False),
    ),
)
def test_addresses_are_https_or_of_this_computer(address, is_safe):
    assert is_safe_address(address) == is_safe
