"""What the pages read of lessons, from the embedded store or from a time-series database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pydantic import SecretStr

from contract.errors import ConfigurationError
from dashboard_api.reading.series import SeriesSource
from dashboard_api.reading.settings import ReadsSettings
from dashboard_api.reading.victoria import VictoriaSource

__all__ = ["SOURCES"]


def _victoria(settings: ReadsSettings, token: SecretStr) -> SeriesSource:
    return VictoriaSource(
        settings.address, token, timeout_s=settings.timeout_s, tls=settings.tls_context()
    )


def _flux(settings: ReadsSettings, token: SecretStr) -> SeriesSource:
    # Its library is an extra that a school with one server does not install.
    try:
        from dashboard_api.reading.flux import FluxSource  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "server.toml", "dashboard.reads.kind", settings.kind,
            "a kind whose library is here: influxdb-client comes with the extra replicas",
        ) from error  # fmt: skip

    return FluxSource(
        settings.address, token, org=settings.org, bucket=settings.bucket,
        timeout_s=settings.timeout_s, ca_file=settings.ca_file,
    )  # fmt: skip


SOURCES: Final[dict[str, Callable[[ReadsSettings, SecretStr], SeriesSource]]] = {
    "influxdb2": _flux,
    "victoriametrics": _victoria,
}
"""The databases by `dashboard.reads.kind`."""
