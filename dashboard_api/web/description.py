"""The description of the interface at /openapi.json, with what every part of it has."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from dashboard_api.web.access import COOKIE
from dashboard_api.web.lookup import ErrorJson

__all__ = ["description_of"]

_ERROR: Final = "#/components/schemas/ErrorJson"
_EVERYWHERE: Final = {
    400: "The request can't be read.",
    401: "Nobody is signed in, or the token opens nothing.",
    403: "A second factor is missing, or the change comes from another website.",
    404: "It does not exist, or this person may not see it.",
    408: "The request's body did not arrive in time.",
    413: "The request's body is too large.",
    414: "The address is too long.",
    422: "A value is missing or does not fit.",
    429: "Too many at the same time; `Retry-After` says when to try again.",
    431: "The headers are too long.",
    503: "The data can't be read now, or too many connections are open.",
}
"""Answers that any request may get."""
SCHEMES: Final = {
    "session": {
        "type": "apiKey", "in": "cookie", "name": COOKIE,
        "description": f"A browser's session; by HTTPS the cookie is called __Host-{COOKIE}.",
    },
    "token": {
        "type": "http", "scheme": "bearer",
        "description": "A token that its owner made on the account page.",
    },
}  # fmt: skip


def description_of(app: FastAPI) -> dict[str, Any]:
    """The description, made at the first request for it."""
    if app.openapi_schema is None:
        app.openapi_schema = _described(app)
    return app.openapi_schema


def _described(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes,
        tags=app.openapi_tags,
    )  # fmt: skip
    parts = schema.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        parts.pop(unused, None)
    parts["ErrorJson"] = ErrorJson.model_json_schema()
    schema["components"]["securitySchemes"] = SCHEMES
    schema["security"] = [{name: []} for name in SCHEMES]
    for operations in schema["paths"].values():
        for operation in operations.values():
            responses = operation["responses"]
            for status, words in _EVERYWHERE.items():
                responses[str(status)] = {
                    "description": words,
                    "content": {"application/json": {"schema": {"$ref": _ERROR}}},
                }
    return schema
