"""A made-up district as a OneRoster 1.1 archive, as a student information system exports it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from contract.files.csv_rows import write_rows

__all__ = ["write_archive"]

_Things = list[dict[str, Any]]
_FILES: Final = ("orgs", "academicSessions", "courses", "classes", "users", "enrollments")
_HEADS: Final[Mapping[str, str]] = {
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    "academicSessions": "sourcedId,status,dateLastModified,title,type,startDate,endDate,"
    "parentSourcedId,schoolYear",
    "courses": "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,"
    "orgSourcedId,subjects,subjectCodes",
    "classes": "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,"
    "location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods",
    "users": "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,"
    "givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password",
    "enrollments": "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,"
    "userSourcedId,role,primary,beginDate,endDate",
}


def write_archive(path: Path, data: Mapping[str, _Things]) -> None:
    """Write collections as `district` has them; pupils are in it, as in a real one."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        modes = [(f"file.{name}", "bulk") for name in _FILES]
        lines = [
            ("propertyName", "value"), ("manifest.version", "1.0"), ("oneroster.version", "1.1"),
            *modes, ("source.systemName", "A made-up district"),
        ]  # fmt: skip
        archive.writestr("manifest.csv", _csv(lines))
        for name in _FILES:
            head = _HEADS[name].split(",")
            rows = [[_cells(each).get(column, "") for column in head] for each in data[name]]
            archive.writestr(f"{name}.csv", _csv([head, *rows]))


def _cells(thing: Mapping[str, Any]) -> dict[str, str]:
    """Column → value; a status is written of what changes alone."""
    cells = {key: value for key, value in thing.items() if isinstance(value, str)}
    cells |= {key: str(value).lower() for key, value in thing.items() if isinstance(value, bool)}
    cells["status"] = ""
    for key, value in thing.items():
        if isinstance(value, dict):
            cells[f"{key}SourcedId"] = value["sourcedId"]
    if "terms" in thing:
        cells["termSourcedIds"] = ",".join(each["sourcedId"] for each in thing["terms"])
    for role in thing.get("roles", ()):
        cells["role"], cells["orgSourcedIds"] = role["role"], role["org"]["sourcedId"]
    return cells


def _csv(rows: list[Any]) -> str:
    text = io.StringIO()
    write_rows(text, rows)
    return text.getvalue()
