"""Checks the signed token of a launch (LTI 1.3, 5.1; Security Framework 1.0, 5.1.3); pure.

Of who launches only the subject is read: neither name, e-mail nor role.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeGuard
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from contract.addresses import is_safe_address
from contract.language import N_
from dashboard_api.lti.refused import LaunchRefusedError, untrusted
from dashboard_api.openid.id_token import ALGORITHMS, LEEWAY_S, UnknownKeyError
from school.lti.records import MAX_TEXT, Platform

__all__ = ["CLAIM", "DEEP_LINK", "MAX_AGE_S", "VERSION", "DeepLinking", "Launch", "check_launch"]

CLAIM: Final = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP_LINK: Final = "https://purl.imsglobal.org/spec/lti-dl/claim/"
VERSION: Final = "1.3.0"
MAX_AGE_S: Final = 600
"""A token that was made longer ago is not taken, however long it says that it may be used."""
_MAX_TOKEN: Final = 32_768
_MAX_DATA: Final = 8_192
_MAX_ADDRESS: Final = 2_000
_ORIGIN: Final = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)
_TYPES: Final = ("LtiResourceLinkRequest", "LtiDeepLinkingRequest")
_ITEMS: Final = ("ltiResourceLink", "link")

_SIGNATURE: Final = N_("it is not signed with a key of that platform")
_SHAPE: Final = N_("it is not a token of a launch")
_ISSUER: Final = N_("it is from another platform")
_AUDIENCE: Final = N_("it is for another tool")
_OLD: Final = N_("it is too old")
_FUTURE: Final = N_("it is from the future, so one of the two clocks is wrong")
_NONCE: Final = N_("it belongs to another launch")
_VERSION: Final = N_("it is not of LTI 1.3")
_DEPLOYMENT: Final = N_("Roomtone is not set up for that place on the platform (deployment)")
_KIND: Final = N_("it asks for something that Roomtone does not do")
_NOBODY: Final = N_("it does not say who you are")
_WAY_BACK: Final = N_("it has no safe address to return to")
_NO_LINKS: Final = N_("it does not accept links")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepLinking:
    """The platform asks for a link to put into a course."""

    return_url: str
    data: str | None
    """Goes back as it came."""
    item: Literal["ltiResourceLink", "link"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """Who opens what, from where."""

    platform: str
    deployment: str
    subject: str
    target: str
    """The address that the platform's link names."""
    deep_linking: DeepLinking | None


def check_launch(token: str, keys: KeySet, platform: Platform, *, nonce: str, utc_s: int) -> Launch:
    """What a valid token says; raises LaunchRefusedError, or UnknownKeyError."""
    claims = _claims(token, keys, platform)

    def refuse(what: str) -> LaunchRefusedError:
        return untrusted(platform.title, what)

    if claims.get("iss") != platform.issuer:
        raise refuse(_ISSUER)
    if not _is_for(claims, platform.client_id):
        raise refuse(_AUDIENCE)
    expires, made = claims.get("exp"), claims.get("iat")
    if not _is_time(expires) or not _is_time(made):
        raise refuse(_SHAPE)
    if made > utc_s + LEEWAY_S:
        raise refuse(_FUTURE)
    if expires <= utc_s - LEEWAY_S or made < utc_s - MAX_AGE_S:
        raise refuse(_OLD)
    found = claims.get("nonce")
    if not isinstance(found, str) or not hmac.compare_digest(_bytes(found), _bytes(nonce)):
        raise refuse(_NONCE)
    if claims.get(f"{CLAIM}version") != VERSION:
        raise refuse(_VERSION)
    deployment = claims.get(f"{CLAIM}deployment_id")
    if not isinstance(deployment, str) or deployment not in platform.deployments:
        raise refuse(_DEPLOYMENT)
    kind = claims.get(f"{CLAIM}message_type")
    if kind not in _TYPES:
        raise refuse(_KIND)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not _is_subject(subject):
        raise refuse(_NOBODY)
    target = claims.get(f"{CLAIM}target_link_uri")
    return Launch(
        platform=platform.name, deployment=deployment, subject=subject,
        target=target if isinstance(target, str) and len(target) <= _MAX_ADDRESS else "",
        deep_linking=None if kind == _TYPES[0] else _deep_linking(claims, platform),
    )  # fmt: skip


def _claims(token: str, keys: KeySet, platform: Platform) -> Mapping[str, Any]:
    if not 0 < len(token) <= _MAX_TOKEN:
        raise untrusted(platform.title, _SHAPE)
    try:
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
    except InvalidKeyIdError as error:
        raise UnknownKeyError from error
    except BadSignatureError:
        raise untrusted(platform.title, _SIGNATURE) from None
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        # Not chained: the error may quote the token.
        raise untrusted(platform.title, _SHAPE) from None
    if not isinstance(decoded.header.get("kid"), str):
        raise untrusted(platform.title, _SIGNATURE)
    return decoded.claims


def _is_for(claims: Mapping[str, Any], client_id: str) -> bool:
    audience, party = claims.get("aud"), claims.get("azp")
    several = audience if isinstance(audience, list) else [audience]
    if client_id not in several or (party is not None and party != client_id):
        return False
    return len(several) == 1 or party == client_id


def _bytes(text: str) -> bytes:
    """JSON can hold half of a pair of surrogates, which is no text."""
    return text.encode("utf-8", "replace")


def _is_subject(text: str) -> bool:
    """The standard has ASCII here."""
    return 0 < len(text) <= MAX_TEXT and text.isascii() and text.isprintable()


def _is_time(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1 << 53


def _deep_linking(claims: Mapping[str, Any], platform: Platform) -> DeepLinking:
    settings = claims.get(f"{DEEP_LINK}deep_linking_settings")
    if not isinstance(settings, dict):
        raise untrusted(platform.title, _SHAPE)
    address, data = settings.get("deep_link_return_url"), settings.get("data")
    if not isinstance(address, str) or not _is_way_back(address, platform):
        raise untrusted(platform.title, _WAY_BACK)
    if data is not None and (not isinstance(data, str) or len(data) > _MAX_DATA):
        raise untrusted(platform.title, _SHAPE)
    types = settings.get("accept_types")
    for item in _ITEMS:
        if isinstance(types, list) and item in types:
            return DeepLinking(return_url=address, data=data, item=item)
    raise untrusted(platform.title, _NO_LINKS)


def _is_way_back(address: str, platform: Platform) -> bool:
    """A platform of other computers has no business on this one."""
    if len(address) > _MAX_ADDRESS or not is_safe_address(address):
        return False
    # The origin becomes part of a content security policy, and the rest of it of a form.
    if not _ORIGIN.fullmatch(urlsplit(address).netloc) or any(mark in address for mark in ' "\\<>'):
        return False
    return address.startswith("https://") or platform.auth_url.startswith("http://")
