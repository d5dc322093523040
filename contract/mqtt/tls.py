"""TLS to the broker: the context of a client, and when the broker's certificate expires."""

from __future__ import annotations

import socket
import ssl

from contract.errors import ConfigurationError
from contract.settings import BrokerSettings

__all__ = ["broker_certificate_until", "tls_context", "why_not_trusted"]


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
