"""OneRoster archives for tests: small, complete, of both versions, with pupils in them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

__all__ = ["FILES_11", "FILES_12", "archive", "manifest"]

_USERS_11 = (
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,"
    "familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password"
)
_USERS_12 = (
    "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,"
    "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,"
    "resourceSourcedIds,preferredGivenName,preferredMiddleName,preferredFamilyName,"
    "primaryOrgSourcedId,pronouns"
)
_COMMON = {
    "orgs": (
        "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n"
        "d1,,,Lake District,district,,\n"
        "s1,,,Ash School,school,001,d1\n"
        'birch,,,"Birch, the School",school,002,d1\n'
    ),
    "academicSessions": (
        "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear\n"
        "y26,,,2026-27,schoolYear,2026-08-24,2027-06-12,,2027\n"
        "t1,,,Autumn,term,2026-08-24,2026-12-19,y26,2027\n"
    ),
    "courses": (
        "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,"
        "orgSourcedId,subjects,subjectCodes\n"
        "alg,,,y26,Algebra I,ALG1,09,d1,Mathematics,\n"
    ),
    "classes": (
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,"
        "location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods\n"
        'c1,,,Algebra I (2),09,alg,A2,scheduled,Room 12,s1,"y26, t1",Mathematics,,1\n'
        "c2,,,Algebra I (3),09,alg,A3,scheduled,,birch,y26,Mathematics,,2\n"
    ),
    "enrollments": (
        "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,"
        "primary,beginDate,endDate\n"
        "e1,,,c1,s1,u-ada,teacher,true,,\n"
        "e2,,,c2,birch,u-kim,teacher,true,,\n"
        "e3,,,c1,s1,u-zoe,student,false,,\n"
        "e4,,,c1,s1,nobody-knows,student,false,,\n"
        "e5,,,c1,s1,u-aide,aide,false,,\n"
    ),
    "demographics": "sourcedId,status,dateLastModified,birthDate,sex\nu-zoe,,,2012-01-01,female\n",
    "results": "sourcedId,status,dateLastModified,lineItemSourcedId,studentSourcedId,score\n",
    "lineItems": "sourcedId,status,dateLastModified,title\n",
}

FILES_11: Mapping[str, str] = _COMMON | {
    "users": f"{_USERS_11}\n"
    "u-ada,,,true,s1,teacher,aokafor,,Ada,Okafor,,,Ada@school.example,,,,,secret-of-ada\n"
    'u-kim,,,true,"birch,s1",teacher,kroth,,Kim,Roth,,,,,,,,\n'
    "u-zoe,,,true,s1,student,zoe,,Zoe,Pupil,,,zoe@school.example,,,,09,secret-of-zoe\n"
    "u-aide,,,true,s1,aide,aide,,Ira,Aide,,,aide@school.example,,,,,\n"
    "u-old,,,false,s1,teacher,old,,Old,Hand,,,old@school.example,,,,,\n",
}
FILES_12: Mapping[str, str] = _COMMON | {
    "roles": (
        "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,"
        "orgSourcedId,userProfileSourcedId\n"
        "r1,,,u-ada,primary,teacher,,,s1,\n"
        "r2,,,u-kim,secondary,teacher,,,s1,\n"
        "r3,,,u-kim,primary,teacher,,,birch,\n"
        "r4,,,u-zoe,primary,student,,,s1,\n"
        "r5,,,u-aide,primary,aide,,,s1,\n"
        "r6,,,u-old,primary,teacher,,2026-06-30,s1,\n"
    ),
    "users": f"{_USERS_12}\n"
    "u-ada,,,true,aokafor,,Adaeze,Okafor,,,Ada@school.example,,,,,secret-of-ada,,,Ada,,,s1,\n"
    "u-kim,,,true,kroth,,Kim,Roth,,,,,,,,,,,,,,birch,\n"
    "u-zoe,,,true,zoe,,Zoe,Pupil,,,zoe@school.example,,,,09,secret-of-zoe,,,,,,s1,\n"
    "u-aide,,,true,aide,,Ira,Aide,,,aide@school.example,,,,,,,,,,,s1,\n"
    "u-old,,,true,old,,Old,Hand,,,old@school.example,,,,,,,,,,,s1,\n",
}


def manifest(version: str, files: Mapping[str, str], modes: Mapping[str, str] | None = None) -> str:
    lines = ["propertyName,value", "manifest.version,1.0", f"oneroster.version,{version}"]
    modes = modes or {}
    for file in (*_COMMON, "users", "roles", "categories"):
        mode = modes.get(file, "bulk" if file in files else "absent")
        lines.append(f"file.{file},{mode}")
    return "\n".join([*lines, "source.systemName,Test SIS", ""])


def archive(
    path: Path,
    files: Mapping[str, str],
    version: str = "1.1",
    *,
    modes: Mapping[str, str] | None = None,
    **changes: str | None,
) -> Path:
    """Write one; `changes` are other texts of files, or None to leave one out."""
    texts = {name: text for name, text in {**files, **changes}.items() if text is not None}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("manifest.csv", manifest(version, texts, modes))
        for name, text in texts.items():
            made.writestr(f"{name}.csv", text)
    return path
