"""A framework out of a CSV file: the columns `group`, `tag` and `description`, and perhaps `id`."""

from __future__ import annotations

from contract.errors import UsageError
from contract.files.csv_table import CsvRow, read_table
from school.csv_ids import CsvIds
from school.framework.records import Framework, Tag, TagGroup
from school.framework.yaml_file import parse_framework, write_framework
from school.ids import id_of

__all__ = ["framework_of_csv"]


def framework_of_csv(text: str, *, file: str, name: str, version: str, source: str) -> Framework:
    """The framework in a CSV file's text; raises UsageError, which names the line."""
    groups: dict[str, list[Tag]] = {}
    ids = CsvIds()
    for row in read_table(
        text, name=file, columns=("group", "tag", "description"), optional=("id",)
    ):
        tag = _tag(row, ids)
        groups.setdefault(row.values["group"], []).append(tag)
    made = Framework(
        id=id_of(name) or "framework",
        name=name,
        version=version,
        source=source,
        groups=tuple(
            TagGroup(id=id_of(label) or f"group-{number}", label=label, tags=tuple(tags))
            for number, (label, tags) in enumerate(groups.items(), 1)
        ),
    )
    # The checks are those of the file that is to be written.
    return parse_framework(write_framework(made), file)


def _tag(row: CsvRow, ids: CsvIds) -> Tag:
    values = row.values
    for column in ("group", "tag", "description"):
        if not values[column]:
            raise UsageError(f"{row.where}: {column} is empty.")
    return Tag(id=ids.of(row, "tag"), label=values["tag"], description=values["description"])
