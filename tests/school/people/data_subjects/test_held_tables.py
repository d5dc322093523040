"""What is held about a person is in one list, which no table and no column escapes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from school import open_school
from school.people.data_subjects.about_nobody import ABOUT_NOBODY
from school.people.data_subjects.held_tables import HELD
from school.schema import METADATA
from tests.full_school import (
    ADA,
    ADA_NAME,
    ADA_SIGNS_IN,
    KIM,
    NOW_NS,
    OLD,
    PAST,
    ROB,
    ROOT,
    cells,
    columns_with,
    counts,
    fill,
)

LISTED = {held.table.name: held for held in HELD}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("full")
    fill(directory)
    return directory


def test_every_table_is_in_the_list_or_about_nobody() -> None:
    """A new table belongs into HELD of school/people/data_subjects/held_tables.py, or into ABOUT_NOBODY."""
    nobody = {table.name for table in ABOUT_NOBODY}
    assert set(LISTED) | nobody == set(METADATA.tables)
    assert not set(LISTED) & nobody
    assert len(LISTED) == len(HELD)


def test_every_column_is_exported_or_has_its_reason_why_not() -> None:
    for held in HELD:
        if not held.parts:
            continue
        known = {column.name for rows in held.parts.values() for column in rows.selected_columns}
        missing = {column.name for column in held.table.c} - known - set(held.omitted)
        assert not missing, f"{held.table.name}: {missing} is in no file"


def test_where_a_persons_id_stands_the_rows_of_that_person_are_exported() -> None:
    """Also those in lessons of others: give such a table a part that asks for `person`."""
    for held in HELD:
        keys = {key.column.table.name for key in held.table.foreign_keys}
        says = {column.name for column in held.table.c} & {"author", "said_by"}
        if keys & {"people", "shares"} or says:
            asked = [set(rows.compile().params) for rows in held.parts.values()]
            assert any("person" in each for each in asked), held.table.name


KNOWN = {
    ("people", "id"), ("audit_names", "person"), ("share_spans", "person"),
    ("moments", "author"), ("verdicts", "said_by"), ("labels", "said_by"), ("dismissals", "said_by"),
    ("replies", "author"),
    ("cycles", "author"),
    ("action_steps", "author"), ("action_steps", "changed_by"),
    ("videos", "added_by"),
    ("clock_maps", "made_by"),
    ("form_sheets", "teacher"), ("form_answers", "person"),
    ("cohort_replies", "writer"),
}  # fmt: skip
"""Where ids of people stand without a foreign key of their own."""


def test_ids_of_people_stand_in_known_columns_alone(full: Path) -> None:
    """A column that refers to people has a foreign key, or is in KNOWN and thought of here."""
    keys = {
        (table.name, key.parent.name)
        for table in METADATA.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "people"
    }
    ids = (ADA, KIM, ROB, ROOT, OLD)
    found = {(table, column) for table, column, value in cells(full) if value in ids}
    assert {("shares", "person"), ("people", "id")} <= found
    assert found <= keys | KNOWN


def test_the_school_of_this_test_has_a_row_in_every_table(full: Path) -> None:
    """Give tests/full_school.py a row of each new table: the tests below look into them."""
    assert [table for table, n in counts(full).items() if not n] == []


def test_a_table_in_which_a_person_stands_is_in_the_list(full: Path) -> None:
    tokens = {value for table, column, value in cells(full)
              if (table, column) == ("audit_names", "actor")}  # fmt: skip
    found = {
        table for table, _ in columns_with(full, ADA, ADA_NAME, ADA_SIGNS_IN, PAST, *tokens)
    } | {
        table.name
        for table in METADATA.tables.values()
        for key in table.foreign_keys
        if key.column.table.name in {"people", "lessons"}
    }
    assert {"people", "sessions", "moments", "audit_events", "audit_names"} <= found
    assert found <= set(LISTED)


def test_no_secret_and_no_hash_is_exported(full: Path) -> None:
    secrets = {
        str(value)
        for table, column, value in cells(full)
        if column in {"token_hash", "password", "second_factor"} and value is not None
    }
    assert len(secrets) >= 6
    with closing(open_school(full)) as school:
        held = school.people.held
        said = "".join(
            str(held.of_person(file, ADA, None, NOW_NS)) for each in HELD for file in each.files
            if file in {"account.json", "sign-in.json", "sharing.json"}
        ) + str(held.of_lesson(PAST, None))  # fmt: skip
    assert ADA_SIGNS_IN in said
    assert [secret for secret in secrets if secret in said] == []
