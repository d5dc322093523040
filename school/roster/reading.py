"""Reads a roster: what is known of it afterwards, from what was known before and a source.

A pupil's row goes where it is met, by its role alone, and so does every row of their enrolments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from contract.errors import UsageError
from school.roster.records import (
    Counts,
    Kind,
    Organisation,
    Roster,
    RosterClass,
    RosterCourse,
    RosterRecord,
    Teacher,
    Teaching,
    Term,
)
from school.roster.roles import PUPIL, TEACHER, Roles, read_roles
from school.roster.source import Mode, RosterSource, SourceRow
from school.roster.values import day_of, flag_of, id_of, ids_of, is_deleted, text_of

__all__ = ["RosterReading", "read_roster"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterReading:
    """What a roster is after a source was read, and what was not taken of it."""

    roster: Roster
    counts: Counts


def read_roster(source: RosterSource, stored: Roster, today: date) -> RosterReading:
    """Read all of it; raises UsageError with the place of what is wrong."""
    reader = _Reader(source, stored, today)
    reader.read_things()
    reader.read_teachers()
    reader.read_classes()
    return RosterReading(roster=Roster(records=reader.records), counts=reader.counts)


@dataclass(slots=True)
class _Reader:
    source: RosterSource
    stored: Roster
    today: date
    counts: Counts = field(default_factory=Counts)
    records: dict[Kind, dict[str, RosterRecord]] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)
    """Ids of users who are not taken, while the file is read: their enrolments are no error."""
    placed: set[tuple[Kind, str]] = field(default_factory=set)
    """What the source has named so far."""
    signs_in: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name to sign in with → who has it in this source, and where."""

    # ----------------------------------------------------------- organisations, terms, courses

    def read_things(self) -> None:
        for row in self._rows("orgs"):
            org = Organisation(
                id=id_of(row), name=text_of(row, "name"), kind=text_of(row, "type").lower()
            )
            self._put("orgs", row, org)
        for row in self._rows("academicSessions"):
            starts = day_of(row, "startDate", may_be_empty=False)
            ends = day_of(row, "endDate", may_be_empty=False)
            assert starts is not None
            assert ends is not None
            if ends < starts:
                raise UsageError(f"{row.where}: it ends on {ends}, before it starts on {starts}.")
            term = Term(
                id=id_of(row), name=text_of(row, "title"), kind=text_of(row, "type"),
                starts_on=starts.isoformat(), ends_on=ends.isoformat(),
            )  # fmt: skip
            self._put("academicSessions", row, term)
        for row in self._rows("courses"):
            self._put("courses", row, RosterCourse(id=id_of(row), name=text_of(row, "title")))

    # ----------------------------------------------------------------------------- teachers

    def read_teachers(self) -> None:
        mode = self.source.mode("users")
        rows = self._rows("users", keeps_deleted=True)
        roles = None
        if self.source.version == "1.2" and mode != "absent":
            roles = read_roles(self.source, self.today)
        seen: set[str] = set()
        for row in rows:
            user = id_of(row)
            if user in seen:
                raise UsageError(f"{row.where}: there is a line with this sourcedId already.")
            seen.add(user)
            orgs = self._where_teaching(row, user, roles)
            if not orgs or is_deleted(row):
                self.skipped.add(user)
                self._known("users").pop(user, None)
                continue
            self._refer(row, "orgs", orgs, "an organisation")
            self._known("users")[user] = Teacher(
                id=user, name=_name_of(row), sign_in_name=_sign_in_name_of(row), orgs=orgs
            )
            self._require_own_name(row, user)
        if roles is not None:
            self._apply_roles(roles, seen, mode)
        self._forget_orgs()

    def _require_own_name(self, row: SourceRow, user: str) -> None:
        """Somebody may be in a roster twice; two people can't sign in with one name."""
        teacher = self._known("users")[user]
        assert isinstance(teacher, Teacher)
        name, where = self.signs_in.setdefault(
            teacher.sign_in_name, (teacher.name.casefold(), row.where)
        )
        if name != teacher.name.casefold():
            raise UsageError(
                f"{row.where}: “{teacher.sign_in_name}” is also that of someone with another name "
                f"({where}); two people can't sign in with one name."
            )

    def _where_teaching(self, row: SourceRow, user: str, roles: Roles | None) -> tuple[str, ...]:
        """Where someone teaches; empty for who is not taken, whom it counts."""
        before = self._known("users").get(user)
        known = before.orgs if isinstance(before, Teacher) else ()
        if roles is None:
            is_pupil, is_teacher = row["role"].lower() == PUPIL, row["role"].lower() == TEACHER
        else:
            is_pupil = user in roles.pupils
            is_teacher = roles.is_teacher(user) or (bool(known) and not is_pupil)
        if is_pupil:
            self.counts.pupils += 1
            return ()
        if not is_teacher:
            self.counts.others += 1
            return ()
        orgs = ids_of(row, "orgSourcedIds") if roles is None else roles.applied(user, known)
        if not orgs or not flag_of(row, "enabledUser", default=True):
            self.counts.not_enabled += 1
            return ()
        return orgs

    def _apply_roles(self, roles: Roles, seen: set[str], mode: Mode) -> None:
        """Roles of people whose own row is not in the file, as a delta may have them."""
        for user in sorted(({*roles.teaching, *roles.over} | roles.pupils) - seen):
            places = roles.teaching.get(user, {})
            known = self._known("users").get(user)
            if mode == "bulk":
                for row in places.values():
                    raise UsageError(
                        f"{row.where}: it names the user {user[:60]}, who is not in the users."
                    )
                continue
            self.skipped.add(user)
            if not isinstance(known, Teacher):
                continue
            for org, row in places.items():
                self._refer(row, "orgs", (org,), "an organisation")
            orgs = () if user in roles.pupils else roles.applied(user, known.orgs)
            if orgs:
                self._known("users")[user] = replace(known, orgs=orgs)
            else:
                del self._known("users")[user]

    def _forget_orgs(self) -> None:
        """Organisations that have gone meanwhile, where teachers were known to teach."""
        orgs = self._known("orgs")
        if not self._is_known("orgs"):
            return
        for user, teacher in self._known("users").items():
            assert isinstance(teacher, Teacher)
            left = tuple(org for org in teacher.orgs if org in orgs)
            self._known("users")[user] = replace(teacher, orgs=left)

    # ------------------------------------------------------------------------------ classes

    def read_classes(self) -> None:
        for row in self._rows("classes"):
            school = id_of(row, "schoolSourcedId")
            course = id_of(row, "courseSourcedId", may_be_empty=True)
            terms = ids_of(row, "termSourcedIds")
            self._refer(row, "orgs", (school,), "a school")
            self._refer(row, "courses", (course,) if course else (), "a course")
            self._refer(row, "academicSessions", terms, "a term")
            found = RosterClass(
                id=id_of(row), name=text_of(row, "title"), course=course, school=school,
                terms=terms, location=text_of(row, "location", may_be_empty=True),
            )  # fmt: skip
            self._put("classes", row, found)
        self._forget_of_classes()
        for row in self._rows("enrollments", keeps_deleted=True):
            self._enrolment(row)
        classes, teachers = self._known("classes"), self._known("users")
        for each, teaching in list(self._known("enrollments").items()):
            assert isinstance(teaching, Teaching)
            if teaching.class_id not in classes or teaching.teacher not in teachers:
                del self._known("enrollments")[each]

    def _enrolment(self, row: SourceRow) -> None:
        role = row["role"].lower()
        if role == PUPIL:
            self.counts.pupils_enrolments += 1
            return
        if role != TEACHER:
            self.counts.others_enrolments += 1
            return
        ends = day_of(row, "endDate")
        if is_deleted(row) or (ends is not None and ends <= self.today):
            self._known("enrollments").pop(id_of(row), None)
            return
        class_id, teacher = id_of(row, "classSourcedId"), id_of(row, "userSourcedId")
        self._refer(row, "classes", (class_id,), "a class")
        if teacher not in self._known("users"):
            if teacher not in self.skipped and self.source.mode("users") == "bulk":
                raise UsageError(
                    f"{row.where}: it names the user {teacher[:60]}, who is not in the users."
                )
            self.counts.others_enrolments += 1
            return
        teaching = Teaching(
            id=id_of(row), class_id=class_id, teacher=teacher,
            is_primary=flag_of(row, "primary", default=False),
        )  # fmt: skip
        self._put("enrollments", row, teaching)

    def _forget_of_classes(self) -> None:
        """What a class names that has gone meanwhile; a class goes with its school."""
        orgs, courses = self._known("orgs"), self._known("courses")
        terms = self._known("academicSessions")
        for each, found in list(self._known("classes").items()):
            assert isinstance(found, RosterClass)
            if found.school not in orgs and self._is_known("orgs"):
                del self._known("classes")[each]
                continue
            self._known("classes")[each] = replace(
                found,
                course=found.course if found.course in courses else "",
                terms=tuple(term for term in found.terms if term in terms),
            )

    # ------------------------------------------------------------------------------- common

    def _rows(self, file: Kind, *, keeps_deleted: bool = False) -> Iterator[SourceRow]:
        """The rows of a file; what is known of it begins with what stays."""
        mode = self.source.mode(file)
        self.records[file] = {} if mode == "bulk" else dict(self.stored.of(file))
        return iter(()) if mode == "absent" else self._each(file, keeps_deleted=keeps_deleted)

    def _each(self, file: Kind, *, keeps_deleted: bool) -> Iterator[SourceRow]:
        for row in self.source.rows(file):
            if not keeps_deleted and is_deleted(row):
                self._known(file).pop(id_of(row), None)
                continue
            yield row

    def _known(self, file: Kind) -> dict[str, RosterRecord]:
        return self.records[file]

    def _is_known(self, file: Kind) -> bool:
        """Whether anything is known of a file, so that what it does not have is not there."""
        return self.source.mode(file) != "absent" or bool(self.stored.of(file))

    def _put(self, file: Kind, row: SourceRow, record: RosterRecord) -> None:
        if (file, record.id) in self.placed:
            raise UsageError(f"{row.where}: there is a line with this sourcedId already.")
        self.placed.add((file, record.id))
        self._known(file)[record.id] = record

    def _refer(self, row: SourceRow, file: Kind, ids: tuple[str, ...], what: str) -> None:
        for each in ids:
            if each not in self._known(file) and self._is_known(file):
                raise UsageError(f"{row.where}: it names {what} {each[:60]} that is not in {file}.")


def _name_of(row: SourceRow) -> str:
    """As they are called; in 1.2 that may differ from the name on their papers."""
    given = text_of(row, "preferredGivenName", may_be_empty=True)
    family = text_of(row, "preferredFamilyName", may_be_empty=True)
    given = given or text_of(row, "givenName", may_be_empty=True)
    return f"{given} {family or text_of(row, 'familyName')}".strip()


def _sign_in_name_of(row: SourceRow) -> str:
    name = text_of(row, "email", may_be_empty=True) or text_of(row, "username", may_be_empty=True)
    if not name:
        raise UsageError(
            f"{row.where}: neither email nor username, so nobody could sign in with it."
        )
    return name.lower()
