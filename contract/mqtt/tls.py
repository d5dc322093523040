"""TLS to the broker: the context of a client, and when the broker's certificate expires."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from datetime import UTC, datetime

from contract.errors import ConfigurationError
from contract.mqtt.own_certificate import valid_until
from contract.settings import BrokerSettings

__all__ = ["TlsFiles", "broker_certificate_until", "tls_context", "why_not_trusted"]

log = logging.getLogger(__name__)


class TlsFiles:
    """The context for the settings' files, made again when they were renewed.

    Raises ConfigurationError when it is made. Later, files that can't be used change nothing: a
    connection is tried with those before, and the log says why.
    """

    def __init__(self, broker: BrokerSettings) -> None:
        self._broker = broker
        self._stamps = self._look()
        self._context = tls_context(broker)
        self._has_warned = False

    def current(self) -> ssl.SSLContext | None:
        """For the next connection; None without TLS."""
        self._warn_of_end()
        stamps = self._look()
        if stamps != self._stamps:
            try:
                self._context = tls_context(self._broker)
                self._stamps, self._has_warned = stamps, False
                log.info("The certificate for the broker was renewed.")
            except ConfigurationError as error:
                log.warning("Renewed files can't be used, so those before are: %s", error)
        return self._context

    def _warn_of_end(self) -> None:
        """Say once that the own certificate has ended: the broker only closes the connection."""
        path = self._broker.certificate_file
        if path is None or self._has_warned:
            return
        try:
            ends = valid_until(path.read_text(encoding="ascii", errors="replace"))
        except (OSError, ValueError):
            return  # the context says what is wrong with it
        if ends < time.time():
            self._has_warned = True
            log.warning(
                "%s ended on %s by this computer's clock, so the broker refuses it. Check the clock; "
                "`sudo roomtone enrol --renew` renews it on a kit, `sudo roomtone broker apply` on a "
                "server.", path, datetime.fromtimestamp(ends, UTC).date(),
            )  # fmt: skip

    def _look(self) -> list[tuple[int, int] | None]:
        """What changes with each of the files, through links."""
        broker = self._broker
        stamps: list[tuple[int, int] | None] = []
        for path in (broker.ca_file, broker.certificate_file, broker.key_file):
            try:
                found = None if path is None else path.stat()
            except OSError:
                found = None
            stamps.append(None if found is None else (found.st_ino, found.st_mtime_ns))
        return stamps


def tls_context(broker: BrokerSettings) -> ssl.SSLContext | None:
    """The context for the settings' files; None without TLS. Raises ConfigurationError."""
    if broker.ca_file is None:
        return None
    try:
        context = ssl.create_default_context(cafile=str(broker.ca_file))
        if broker.certificate_file is not None:
            context.load_cert_chain(broker.certificate_file, broker.key_file)
    except OSError as error:
        raise ConfigurationError(
            "broker", "ca_file, certificate_file, key_file", str(error), "readable PEM files"
        ) from error
    return context


def broker_certificate_until(broker: BrokerSettings, *, timeout_s: float) -> float | None:
    """UTC seconds at which the broker's certificate expires; None without TLS.

    Connects and sends nothing. Raises OSError (`ssl.SSLError` if the certificate is not trusted)
    and ConfigurationError.
    """
    context = tls_context(broker)
    with socket.create_connection((broker.host, broker.port), timeout=timeout_s) as raw:
        if context is None:
            return None
        with context.wrap_socket(raw, server_hostname=broker.host) as secured:
            certificate = secured.getpeercert() or {}
    return float(ssl.cert_time_to_seconds(str(certificate["notAfter"])))


def why_not_trusted(broker: BrokerSettings, *, timeout_s: float) -> str | None:
    """What Python's own TLS says against a broker, for libraries that say only that it failed.

    None without TLS, and where it has nothing against it.
    """
    if broker.ca_file is None:
        return None
    try:
        broker_certificate_until(broker, timeout_s=timeout_s)
    except (OSError, ConfigurationError) as error:
        return f"{broker.host}:{broker.port}: {error}"
    return None
