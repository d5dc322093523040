"""What is taken of a roster, and that nothing of a pupil is."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contract.errors import UsageError
from school.roster.reading import RosterReading, read_roster
from school.roster.records import Organisation, Roster, RosterClass, Teacher, Teaching, Term
from school.roster.zip_file import ZipRoster
from tests.school.roster.archives import FILES_11, FILES_12, archive

TODAY = date(2026, 11, 30)
BOTH = pytest.mark.parametrize(("version", "files"), (("1.1", FILES_11), ("1.2", FILES_12)))


def read(path: Path, stored: Roster | None = None) -> RosterReading:
    with ZipRoster(path) as source:
        return read_roster(source, stored or Roster(), TODAY)


@BOTH
def test_teachers_classes_and_terms_are_taken(
    version: str, files: Mapping[str, str], tmp_path: Path
) -> None:
    roster = read(archive(tmp_path / "r.zip", files, version)).roster
    assert roster.of("orgs")["birch"] == Organisation(
        id="birch", name="Birch, the School", kind="school"
    )
    assert roster.of("academicSessions")["t1"] == Term(
        id="t1", name="Autumn", kind="term", starts_on="2026-08-24", ends_on="2026-12-19"
    )
    assert roster.of("users") == {
        "u-ada": Teacher(
            id="u-ada", name="Ada Okafor", sign_in_name="ada@school.example", orgs=("s1",)
        ),
        "u-kim": Teacher(id="u-kim", name="Kim Roth", sign_in_name="kroth", orgs=("birch", "s1")),
    }
    assert roster.of("classes")["c1"] == RosterClass(
        id="c1", name="Algebra I (2)", course="alg", school="s1", terms=("y26", "t1"),
        location="Room 12",
    )  # fmt: skip
    assert roster.of("enrollments") == {
        "e1": Teaching(id="e1", class_id="c1", teacher="u-ada", is_primary=True),
        "e2": Teaching(id="e2", class_id="c2", teacher="u-kim", is_primary=True),
    }


@BOTH
def test_nothing_of_pupils_is_kept_and_they_are_counted(
    version: str, files: Mapping[str, str], tmp_path: Path
) -> None:
    reading = read(archive(tmp_path / "r.zip", files, version))
    counts = reading.counts
    assert (counts.pupils, counts.pupils_enrolments) == (1, 2)
    assert (counts.others, counts.others_enrolments, counts.not_enabled) == (1, 1, 1)
    kept = repr(reading)
    for word in ("zoe", "Zoe", "Pupil", "nobody-knows", "Ira", "secret"):
        assert word not in kept


@BOTH
def test_files_about_pupils_are_never_opened(
    version: str, files: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    unpatched = zipfile.ZipFile.open

    def note(self: zipfile.ZipFile, name: Any, *args: Any, **named: Any) -> Any:
        opened.append(name if isinstance(name, str) else name.filename)
        return unpatched(self, name, *args, **named)

    path = archive(tmp_path / "r.zip", files, version)
    monkeypatch.setattr(zipfile.ZipFile, "open", note)
    read(path)
    more = {"roles.csv"} if version == "1.2" else set()
    assert set(opened) == {
        "manifest.csv", "orgs.csv", "academicSessions.csv", "courses.csv", "users.csv",
        "classes.csv", "enrollments.csv", *more,
    }  # fmt: skip


def test_a_pupil_who_is_a_teacher_somewhere_counts_as_a_pupil(tmp_path: Path) -> None:
    roles = FILES_12["roles"] + "r9,,,u-zoe,secondary,teacher,,,birch,\n"
    reading = read(archive(tmp_path / "r.zip", FILES_12, "1.2", roles=roles))
    assert "u-zoe" not in reading.roster.of("users")
    assert reading.counts.pupils == 1


@pytest.mark.parametrize("role", ("Student", "STUDENT"))
def test_a_role_decides_however_it_is_written(role: str, tmp_path: Path) -> None:
    users = FILES_11["users"].replace(",student,", f",{role},")
    enrolments = FILES_11["enrollments"].replace(",student,", f",{role},")
    reading = read(archive(tmp_path / "r.zip", FILES_11, users=users, enrollments=enrolments))
    assert (reading.counts.pupils, reading.counts.pupils_enrolments) == (1, 2)


def test_a_delta_changes_what_it_names_and_leaves_the_rest(tmp_path: Path) -> None:
    stored = read(archive(tmp_path / "bulk.zip", FILES_12, "1.2")).roster
    head = {name: text.splitlines()[0] + "\n" for name, text in FILES_12.items()}
    at = "2026-11-29T12:00:00.000Z"
    changes = {
        "users": head["users"]
        + f"u-ada,active,{at},true,aokafor,,Adaeze,Okafor-Bell,,,ada@school.example{',' * 12}\n"
        + f"u-new,active,{at},true,new,,New,Pupil{',' * 15}\n",
        "roles": head["roles"]
        + f"r3,tobedeleted,{at},u-kim,primary,teacher,,,birch,\n"
        + f"r8,active,{at},u-new,primary,student,,,s1,\n",
        "classes": head["classes"] + f"c2,tobedeleted,{at},,,,,,,,,,,\n",
    }
    path = archive(tmp_path / "delta.zip", changes, "1.2", modes=dict.fromkeys(changes, "delta"))
    reading = read(path, stored)
    users = reading.roster.of("users")
    assert users["u-ada"].name == "Adaeze Okafor-Bell"
    assert users["u-ada"].orgs == ("s1",), "the roles that were known stay"
    assert users["u-kim"].orgs == ("s1",)
    assert set(users) == {"u-ada", "u-kim"}
    assert set(reading.roster.of("classes")) == {"c1"}
    assert set(reading.roster.of("enrollments")) == {"e1"}, "those of a class go with it"
    assert reading.roster.of("orgs") == stored.of("orgs")
    assert reading.counts.pupils == 1


def test_a_role_that_is_over_takes_a_teacher_out_of_a_delta(tmp_path: Path) -> None:
    stored = read(archive(tmp_path / "bulk.zip", FILES_12, "1.2")).roster
    head = {name: text.splitlines()[0] + "\n" for name, text in FILES_12.items()}
    changes = {
        "users": head["users"],
        "roles": head["roles"] + "r1,active,,u-ada,primary,teacher,,2026-11-30,s1,\n",
    }
    path = archive(tmp_path / "delta.zip", changes, "1.2", modes=dict.fromkeys(changes, "delta"))
    assert set(read(path, stored).roster.of("users")) == {"u-kim"}


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    (
        ("enrollments", "c1,s1,u-ada", "c9,s1,u-ada",
         "enrollments.csv, line 2: it names a class c9 that is not in classes."),
        ("enrollments", "u-kim,teacher", "u-9,teacher",
         "enrollments.csv, line 3: it names the user u-9, who is not in the users."),
        ("classes", "birch,y26", "elm,y26",
         "classes.csv, line 3: it names a school elm that is not in orgs."),
        ("classes", "birch,y26", "birch,y99",
         "classes.csv, line 3: it names a term y99 that is not in academicSessions."),
        ("classes", "09,alg,A2", "09,geo,A2",
         "classes.csv, line 2: it names a course geo that is not in courses."),
        ("users", "true,s1,teacher", "true,s9,teacher",
         "users.csv, line 2: it names an organisation s9 that is not in orgs."),
        ("users", "u-kim,", "u-ada,", "users.csv, line 3: there is a line with this sourcedId already."),
        ("orgs", "s1,,,", "d1,,,", "orgs.csv, line 3: there is a line with this sourcedId already."),
        ("orgs", "s1,,,", ",,,", "orgs.csv, line 3: no sourcedId."),
        ("orgs", "s1,,,", "s1,gone,,",
         "orgs.csv, line 3: status is “gone”, expected active or tobedeleted."),
        ("users", "aokafor,,Ada,Okafor", "aokafor,,Ada,", "users.csv, line 2: no familyName."),
        ("users", "kroth", "", "users.csv, line 3: neither email nor username"),
        ("users", "kroth", "ada@school.example",
         "users.csv, line 3: “ada@school.example” is also that of someone with another name"),
        ("users", "true,s1,teacher", "perhaps,s1,teacher",
         "users.csv, line 2: enabledUser is “perhaps”, expected true or false."),
        ("academicSessions", "2026-12-19", "19.12.2026",
         "academicSessions.csv, line 3: endDate is “19.12.2026”"),
        ("academicSessions", "2026-12-19", "2026-01-01",
         "academicSessions.csv, line 3: it ends on 2026-01-01, before it starts"),
        ("orgs", "Ash School", "Ash\u202eSchool", "orgs.csv, line 3: name has at most"),
    ),
)  # fmt: skip
def test_what_is_wrong_is_a_sentence_with_the_line(
    file: str, old: str, new: str, sentence: str, tmp_path: Path
) -> None:
    text = FILES_11[file]
    assert old in text
    path = archive(tmp_path / "r.zip", FILES_11, **{file: text.replace(old, new, 1)})
    with pytest.raises(UsageError) as error:
        read(path)
    assert sentence in str(error.value)


def test_a_role_of_an_unknown_user_is_a_sentence(tmp_path: Path) -> None:
    roles = FILES_12["roles"] + "r9,,,u-9,primary,teacher,,,s1,\n"
    with pytest.raises(UsageError, match=r"roles.csv, line 8: it names the user u-9, who is not"):
        read(archive(tmp_path / "r.zip", FILES_12, "1.2", roles=roles))
