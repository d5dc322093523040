"""Checks an ID token; pure. What it says of a person beside who they are is not used."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from contract.language import _
from dashboard_api.openid.refused import ProviderRefusedError, untrusted
from school.people.settings import OpenIdSettings

__all__ = ["ALGORITHMS", "LEEWAY_S", "Account", "UnknownKeyError", "check_id_token", "key_set"]

ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
)  # fmt: skip
"""Signatures with a key pair: never `none`, never a secret that both sides know."""
LEEWAY_S: Final = 60
"""How far the provider's clock may be off."""
_MAX_SUBJECT: Final = 255
_KEY_CLASSES: Final[dict[str, type[RSAKey | ECKey]]] = {"RSA": RSAKey, "EC": ECKey}

_KNOWS: Final = frozenset({"pwd", "pin", "kba"})
_HAS: Final = frozenset({"otp", "hwk", "swk", "sc", "sms", "tel", "pop"})
_IS: Final = frozenset({"face", "fpt", "iris", "retina", "vbm"})
"""RFC 8176: what a person knows, has and is."""


class UnknownKeyError(Exception):
    """The token names a key that was not among the keys: they may be newer than ours."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who signed in at the provider."""

    subject: str
    used_two_factors: bool
    """The provider says so, and the settings trust that."""


def key_set(document: object) -> KeySet:
    """The keys of a provider's document that fit our algorithms."""
    found = document.get("keys") if isinstance(document, dict) else None
    keys: list[RSAKey | ECKey] = []
    for each in found if isinstance(found, list) else []:
        kind = _KEY_CLASSES.get(str(each.get("kty"))) if isinstance(each, dict) else None
        if kind is None:
            continue
        try:
            keys.append(kind.import_key(each))
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # a key that nobody can use is no reason to refuse the others
    return KeySet(list(keys))


def check_id_token(
    token: object,
    keys: KeySet,
    settings: OpenIdSettings,
    *,
    nonce: str,
    access_token: object,
    utc_s: int,
) -> Account:
    """The account of a valid token; raises ProviderRefusedError, or UnknownKeyError."""
    if not isinstance(token, str):
        raise untrusted("no ID token")
    try:
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": settings.issuer},
                "aud": {"essential": True, "value": settings.client_id},
            },
            params={"client_id": settings.client_id, "access_token": access_token},
        )
        claims.validate(now=utc_s, leeway=LEEWAY_S)
    except InvalidKeyIdError as error:
        raise UnknownKeyError from error
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        # Not chained: the error may quote the token.
        raise untrusted(f"the ID token ({type(error).__name__})") from None
    _check_nonce(claims.get("nonce"), nonce)
    _check_school(claims, settings)
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT or "\0" in subject:
        raise untrusted("the subject")
    return Account(subject, settings.trust_second_factor and _used_two_factors(claims, settings))


def _check_nonce(found: object, nonce: str) -> None:
    if not isinstance(found, str) or not hmac.compare_digest(found.encode(), nonce.encode()):
        raise untrusted("the nonce")


def _check_school(claims: Mapping[str, Any], settings: OpenIdSettings) -> None:
    for claim, expected in (("tid", settings.tenant), ("hd", settings.domain)):
        if expected is None:
            continue
        found = claims.get(claim)
        if not isinstance(found, str) or found.lower() != expected.lower():
            raise ProviderRefusedError(
                _("That account does not belong to this school. Sign in with your school account."),
                f"the claim {claim}",
            )


def _used_two_factors(claims: Mapping[str, Any], settings: OpenIdSettings) -> bool:
    methods = claims.get("amr")
    named = {each for each in methods if isinstance(each, str)} if isinstance(methods, list) else {}
    kinds = sum(not kind.isdisjoint(named) for kind in (_KNOWS, _HAS, _IS))
    acr = claims.get("acr")
    return (
        "mfa" in named or kinds > 1 or (isinstance(acr, str) and acr in settings.second_factor_acr)
    )
