"""OneRoster's JSON as the rows of its CSV files. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from school.roster.roles import PUPIL
from school.roster.source import COLUMNS, SourceRow

__all__ = ["role_rows", "row_of"]

_OLDER_NAMES: Final = {
    "preferredGivenName": "preferredFirstName", "preferredFamilyName": "preferredLastName",
}  # fmt: skip


def row_of(file: str, item: Mapping[str, Any], where: str) -> SourceRow:
    """One object: the columns that are looked at; of a pupil's nothing but that it is one."""
    text = {name: _text(item[name]) for name in COLUMNS[file] if name in item}
    if file == "users":
        for column, older in _OLDER_NAMES.items():
            text[column] = text.get(column) or _text(item.get(older))
        text["orgSourcedIds"] = _ids(item.get("orgs"))
        if text.get("role", "").lower() == PUPIL or _is_pupil(item):
            text = {name: text.get(name, "") for name in ("sourcedId", "status", "role")}
    elif file == "classes":
        text["courseSourcedId"] = _id(item.get("course"))
        text["schoolSourcedId"] = _id(item.get("school"))
        text["termSourcedIds"] = _ids(item.get("terms"))
    elif file == "enrollments":
        is_pupils = text.get("role", "").lower() == PUPIL
        text["classSourcedId"] = _id(item.get("class"))
        text["userSourcedId"] = "" if is_pupils else _id(item.get("user"))
    return SourceRow(where, text)


def role_rows(item: Mapping[str, Any], where: str) -> list[SourceRow]:
    """The roles of a user in 1.2."""
    user = _text(item.get("sourcedId"))
    return [
        SourceRow(
            where,
            {
                "userSourcedId": user, "role": _text(role.get("role")),
                "roleType": _text(role.get("roleType")),
                "beginDate": _text(role.get("beginDate")), "endDate": _text(role.get("endDate")),
                "orgSourcedId": _id(role.get("org")),
            },
        )
        for role in _list(item.get("roles"))
        if isinstance(role, dict)
    ]  # fmt: skip


def _is_pupil(item: Mapping[str, Any]) -> bool:
    return any(
        isinstance(role, dict) and _text(role.get("role")).lower() == PUPIL
        for role in _list(item.get("roles"))
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() if isinstance(value, str | int) else ""


def _id(value: object) -> str:
    return _text(value.get("sourcedId")) if isinstance(value, dict) else ""


def _ids(value: object) -> str:
    return ",".join(filter(None, map(_id, _list(value))))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
