"""A program that runs for a term uses renewed certificates from its next connection on."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from contract.mqtt import tls
from contract.mqtt.tls import TlsFiles
from contract.settings import BrokerSettings
from tests.certificates import make_certificate


def settings_of(folder: Path) -> BrokerSettings:
    return BrokerSettings(
        ca_file=folder / "ca.crt",
        certificate_file=folder / "node.crt",
        key_file=folder / "node.key",
    )


def put(folder: Path, name: str) -> None:
    made = make_certificate(folder, name)
    for target, source in (
        ("ca.crt", made.certificate), ("node.crt", made.certificate), ("node.key", made.key),
    ):  # fmt: skip
        (folder / "new").write_bytes(source.read_bytes())
        (folder / "new").replace(folder / target)


def test_files_that_stay_make_one_context(tmp_path: Path) -> None:
    put(tmp_path, "first")
    files = TlsFiles(settings_of(tmp_path))
    assert files.current() is files.current()


def test_renewed_files_make_a_new_one(tmp_path: Path) -> None:
    put(tmp_path, "first")
    files = TlsFiles(settings_of(tmp_path))
    before = files.current()
    put(tmp_path, "second")
    after = files.current()
    assert after is not before
    assert files.current() is after


def test_half_of_a_renewal_changes_nothing_until_the_rest_is_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(tmp_path, "first")
    files = TlsFiles(settings_of(tmp_path))
    before = files.current()
    other = make_certificate(tmp_path, "second")
    key = (tmp_path / "node.key").read_bytes()
    (tmp_path / "node.key").write_bytes(other.key.read_bytes())
    with caplog.at_level(logging.WARNING):
        assert files.current() is before
    assert "can't be used" in caplog.text
    (tmp_path / "node.key").write_bytes(key)
    assert files.current() is not None


def test_a_certificate_that_ended_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "first")
    files = TlsFiles(settings_of(tmp_path))
    with caplog.at_level(logging.WARNING):
        files.current()
        assert caplog.text == ""
        monkeypatch.setattr(tls, "valid_until", lambda _: 0.0)
        files.current()
        files.current()
    (record,) = caplog.records
    assert "ended on 1970-01-01 by this computer's clock" in record.getMessage()
    assert "roomtone enrol --renew" in record.getMessage()


def test_without_tls_there_is_none() -> None:
    assert TlsFiles(BrokerSettings()).current() is None
