"""Signs people in through the school's identity provider, and links invited people's accounts."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.language import N_, _
from dashboard_api.openid.id_token import Account
from dashboard_api.openid.provider import Provider
from dashboard_api.openid.refused import ProviderRefusedError
from dashboard_api.people.sign_in import (
    CodeNeeded,
    SignedInAs,
    SignInRefusedError,
    SignInService,
)
from dashboard_api.web.store_thread import Stores, StoreThread
from school.people.records import Person
from school.people.settings import OPENID_NAME
from school.people.tokens import new_token

__all__ = ["FLOW_S", "Callback", "OpenIdService", "Started"]

FLOW_S: Final = 600
"""A person may take this long at the provider."""
_MAX_FLOWS: Final = 1_000
_MAX_CODE: Final = 8_192

_STRANGER: Final = N_(
    "This account is not linked to anyone here; ask an administrator for an invitation."
)
_LOST: Final = N_(
    "That took too long, or it began in another window. Sign in again, from the beginning."
)
_DENIED: Final = N_(
    "The sign-in service of your school account did not accept you, or you cancelled it. Try "
    "again, or sign in with your password."
)
_LINK_IS_OVER: Final = N_(
    "Your invitation was used already, or is over. Ask an administrator of your school for a new "
    "one."
)


@dataclass(frozen=True, slots=True)
class Started:
    """A way to the provider that a browser has begun."""

    cookie: str
    """Binds it to the browser."""
    address: str
    """The provider's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What the browser brings back from the provider."""

    cookie: str
    state: str
    code: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flow:
    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    target: str
    invitation: str
    """The token of the invitation that it redeems; empty for a sign-in."""
    expires_utc_ns: int


class OpenIdService:
    """One provider for a school."""

    def __init__(self, provider: Provider, store: StoreThread, sign_in: SignInService) -> None:
        self.provider = provider
        self._store = store
        self._sign_in = sign_in
        self._flows: dict[str, _Flow] = {}

    @property
    def name(self) -> str:
        """What the buttons call it."""
        name = self.provider.settings.name
        return _(name) if name == OPENID_NAME else name

    async def start(
        self, *, target: str, invitation: str, redirect_uri: str, address: str
    ) -> Started:
        """Begin a sign-in; raises SignInRefusedError."""
        self._sign_in.count_account_start(address)
        flow = _Flow(
            state=new_token(), nonce=new_token(), verifier=new_token(), redirect_uri=redirect_uri,
            target=target, invitation=invitation,
            expires_utc_ns=self._store.people_clock.utc_ns() + FLOW_S * SECOND_NS,
        )  # fmt: skip
        page = await self.provider.authorization_address(
            redirect_uri=redirect_uri, state=flow.state, nonce=flow.nonce, verifier=flow.verifier
        )
        while len(self._flows) >= _MAX_FLOWS:
            del self._flows[next(iter(self._flows))]
        cookie = new_token()
        self._flows[cookie] = flow
        return Started(cookie, page)

    async def finish(
        self, callback: Callback, *, address: str, browser: str
    ) -> tuple[SignedInAs | CodeNeeded, str]:
        """End it, with where to go then; raises SignInRefusedError. Each flow ends once."""
        flow = self._flows.pop(callback.cookie, None)
        if (
            flow is None
            or flow.expires_utc_ns <= self._store.people_clock.utc_ns()
            or not hmac.compare_digest(flow.state.encode(), callback.state.encode())
        ):
            raise ProviderRefusedError(_(_LOST), "the state")
        if callback.error or not 0 < len(callback.code) <= _MAX_CODE:
            raise ProviderRefusedError(_(_DENIED), "it reports an error")
        account = await self.provider.account(
            code=callback.code, redirect_uri=flow.redirect_uri, verifier=flow.verifier,
            nonce=flow.nonce,
        )  # fmt: skip
        if flow.invitation:
            person = await self._redeemed(flow.invitation, account)
        else:
            person = await self._known(account)
        outcome = await self._sign_in.with_account(
            person, used_two_factors=account.used_two_factors, address=address, browser=browser
        )
        return outcome, flow.target

    async def _known(self, account: Account) -> Person:
        issuer = self.provider.issuer
        person = await self._store.run(
            lambda stores: stores.people.with_account(issuer, account.subject)
        )
        if person is None:
            await self._sign_in.record_refusal(None)
            raise SignInRefusedError(_(_STRANGER))
        return person

    async def _redeemed(self, invitation: str, account: Account) -> Person:
        issuer, now = self.provider.issuer, self._store.people_clock.utc_ns()

        def redeem(stores: Stores) -> Person:
            try:
                person = stores.people.redeem_with_account(invitation, issuer, account.subject, now)
            except UsageError as error:
                raise SignInRefusedError(str(error), 409) from error
            if person is None:
                raise SignInRefusedError(_(_LINK_IS_OVER), 404)
            return person

        return await self._store.run(redeem)
