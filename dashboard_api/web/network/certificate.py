"""The certificate that the pages show, checked before they are served."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final, NoReturn

from contract.clock import SECOND_NS
from contract.errors import ConfigurationError
from contract.mqtt.own_certificate import valid_until
from dashboard_api.settings import DashboardSettings

__all__ = ["tls_context"]

_ADVICE: Final = "docs/deploy.md says how to get one"


def tls_context(settings: DashboardSettings, where: str, utc_ns: int) -> ssl.SSLContext | None:
    """What HTTPS is served with, TLS 1.2 or later; None without a certificate.

    Raises ConfigurationError if a file is missing or can't be read, if the certificate is none or
    has expired, or if the key is not its key. `where` is the settings file.
    """
    certificate, key = settings.certificate, settings.private_key
    if certificate is None or key is None:
        return None
    for name, path in (("certificate", certificate), ("private_key", key)):
        fault = _unreadable(path)
        if fault is not None:
            _refuse(where, name, f"{path} can't be read ({fault}); {_ADVICE}")
    try:
        until = valid_until(certificate.read_text(encoding="ascii", errors="replace"))
    except ValueError as error:
        _refuse(where, "certificate", f"{certificate} is no certificate ({error}); {_ADVICE}")
    if until * SECOND_NS <= utc_ns:
        _refuse(
            where, "certificate",
            f"{certificate} has expired; renew it, and check this computer's clock",
        )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without the function, a key with a password would ask for it on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).replace("_", " ").lower()
        _refuse(
            where, "private_key",
            f"{key} is not the key of {certificate}, or has a password ({reason})",
        )  # fmt: skip
    return context


def _refuse(where: str, key: str, what: str) -> NoReturn:
    raise ConfigurationError(
        where, f"dashboard.{key}", what, "", sentence=f"{where}: dashboard.{key}: {what}."
    )


def _unreadable(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        return error.strerror or str(error)
    return None
