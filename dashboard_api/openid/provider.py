"""Talks to the school's identity provider: discovery, its keys, and the code for an account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc.jwk import KeySet
from pydantic import SecretStr

from contract.addresses import is_safe_address
from contract.clock import SECOND_NS, Clock, SystemClock
from dashboard_api.openid.bounded_transport import BoundedTransport
from dashboard_api.openid.id_token import Account, UnknownKeyError, check_id_token, key_set
from dashboard_api.openid.refused import provider_is_down, untrusted
from school.people.settings import OpenIdSettings

__all__ = ["Provider"]

_FRESH_NS: Final = 3_600 * SECOND_NS
"""Addresses and keys are asked for again after this long."""
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class _Discovered:
    metadata: dict[str, Any]
    keys: KeySet
    utc_ns: int


class Provider:
    """One provider; every dialogue has a time limit, and every answer a length limit."""

    def __init__(
        self, settings: OpenIdSettings, secret: SecretStr, clock: Clock | None = None
    ) -> None:
        self.settings = settings
        self._secret = secret
        self._clock = SystemClock() if clock is None else clock
        self._discovered: _Discovered | None = None

    @property
    def issuer(self) -> str:
        """The issuer of its tokens."""
        return self.settings.issuer or ""

    async def authorization_address(
        self, *, redirect_uri: str, state: str, nonce: str, verifier: str
    ) -> str:
        """Where a browser signs in; raises ProviderRefusedError."""
        async with self._dialogue():
            metadata = (await self._discover()).metadata
            hint = {} if self.settings.domain is None else {"hd": self.settings.domain}
            async with self._client(metadata, redirect_uri) as client:
                address, _state = client.create_authorization_url(
                    metadata["authorization_endpoint"],
                    state=state, nonce=nonce, code_verifier=verifier, **hint,
                )  # fmt: skip
        return str(address)

    async def account(self, *, code: str, redirect_uri: str, verifier: str, nonce: str) -> Account:
        """Whose code it is; raises ProviderRefusedError."""
        async with self._dialogue():
            found = await self._discover()
            async with self._client(found.metadata, redirect_uri) as client:
                token = await client.fetch_token(
                    found.metadata["token_endpoint"],
                    grant_type="authorization_code", code=code, code_verifier=verifier,
                )  # fmt: skip
            try:
                return self._checked(token, found.keys, nonce)
            except UnknownKeyError:
                newer = await self._discover(is_forced=True)
            try:
                return self._checked(token, newer.keys, nonce)
            except UnknownKeyError:
                raise untrusted("the key") from None

    def _checked(self, token: dict[str, Any], keys: KeySet, nonce: str) -> Account:
        return check_id_token(
            token.get("id_token"), keys, self.settings,
            nonce=nonce, access_token=token.get("access_token"),
            utc_s=self._clock.utc_ns() // SECOND_NS,
        )  # fmt: skip

    async def _discover(self, *, is_forced: bool = False) -> _Discovered:
        now, known = self._clock.utc_ns(), self._discovered
        if known is not None and not is_forced and 0 <= now - known.utc_ns < _FRESH_NS:
            return known
        async with httpx2.AsyncClient(
            transport=BoundedTransport(), timeout=self.settings.timeout_s
        ) as client:
            address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
            metadata = await _json(client, address)
            if metadata.get("issuer") != self.issuer:
                raise untrusted("the issuer in its discovery document")
            for endpoint in _ENDPOINTS:
                self._check_endpoint(metadata.get(endpoint))
            keys = key_set(await _json(client, metadata["jwks_uri"]))
        self._discovered = _Discovered(metadata, keys, now)
        return self._discovered

    def _check_endpoint(self, address: object) -> None:
        is_local = self.issuer.startswith("http://")  # only one on this computer may be
        if not isinstance(address, str) or not is_safe_address(address):
            raise untrusted("an address in its discovery document")
        if not is_local and not address.startswith("https://"):
            raise untrusted("an address in its discovery document")

    def _client(self, metadata: dict[str, Any], redirect_uri: str) -> Any:
        methods = metadata.get("token_endpoint_auth_methods_supported")
        is_posted = isinstance(methods, list) and "client_secret_basic" not in methods
        return AsyncOAuth2Client(
            client_id=self.settings.client_id,
            client_secret=self._secret.get_secret_value(),
            token_endpoint_auth_method="client_secret_post" if is_posted else "client_secret_basic",
            # Google and Entra say which school an account is of only with these.
            scope=_scope(self.settings),
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            transport=BoundedTransport(),
            timeout=self.settings.timeout_s,
        )  # fmt: skip

    @asynccontextmanager
    async def _dialogue(self) -> AsyncIterator[None]:
        """Every way in which the other side can fail, as a sentence."""
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                yield
        except TimeoutError:
            raise provider_is_down("it takes too long") from None
        except OAuthError:
            raise untrusted("it refused the code") from None
        except httpx2.HTTPStatusError as error:
            raise provider_is_down(f"status {error.response.status_code}") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError) as error:
            raise provider_is_down(type(error).__name__) from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            # Authlib and the JSON reader meet an answer that is not what it should be.
            raise untrusted(f"an answer ({type(error).__name__})") from None


async def _json(client: httpx2.AsyncClient, address: str) -> dict[str, Any]:
    answer = await client.get(address, headers={"Accept": "application/json"})
    if answer.status_code != httpx2.codes.OK:
        raise provider_is_down(f"status {answer.status_code}")
    found = answer.json()
    if not isinstance(found, dict):
        raise untrusted("a document that is no object")
    return found


def _scope(settings: OpenIdSettings) -> str:
    """Google and Entra say which school an account is of only with more than `openid`."""
    more = [" profile"] if settings.tenant is not None else []
    more += [" email"] if settings.domain is not None else []
    return "".join(["openid", *more])
