"""The link that goes back to a learning platform (LTI Deep Linking 2.0, 4.4); pure."""

from __future__ import annotations

from typing import Any, Final

from dashboard_api.lti.launch_token import CLAIM, DEEP_LINK, VERSION, DeepLinking, Launch
from school.lti.records import Platform
from school.people.tokens import new_token

__all__ = ["LIFE_S", "link_claims"]

LIFE_S: Final = 300


def link_claims(
    launch: Launch, asked: DeepLinking, platform: Platform, *, address: str, title: str, utc_s: int
) -> dict[str, Any]:
    """What is signed: one link, which a course shows under `title` and opens in a new window."""
    item: dict[str, Any] = {"type": asked.item, "url": address, "title": title,
                            "window": {"targetName": "_blank"}}  # fmt: skip
    claims = {
        "iss": platform.client_id, "aud": platform.issuer, "iat": utc_s, "exp": utc_s + LIFE_S,
        "nonce": new_token(),
        f"{CLAIM}message_type": "LtiDeepLinkingResponse",
        f"{CLAIM}version": VERSION,
        f"{CLAIM}deployment_id": launch.deployment,
        f"{DEEP_LINK}content_items": [item],
    }  # fmt: skip
    if asked.data is not None:
        claims[f"{DEEP_LINK}data"] = asked.data
    return claims
