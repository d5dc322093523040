"""How a client trusts the broker, and proves who it is."""

from __future__ import annotations

import ssl

from contract.errors import ConfigurationError
from contract.settings import BrokerSettings

__all__ = ["tls_context"]


def tls_context(broker: BrokerSettings) -> ssl.SSLContext | None:
    """What the settings' files say; None without TLS. Raises ConfigurationError."""
    if broker.ca_file is None:
        return None
    try:
        context = ssl.create_default_context(cafile=str(broker.ca_file))
        if broker.certificate_file is not None:
            context.load_cert_chain(broker.certificate_file, broker.key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            "broker", "ca_file, certificate_file, key_file", str(error), "readable PEM files"
        ) from error
    return context
