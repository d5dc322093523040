"""The forms that a school uses: those of a folder, or those that come with the program."""

from __future__ import annotations

from pathlib import Path

from contract.errors import UsageError
from school.forms.records import Form
from school.forms.yaml_file import EXAMPLES, read_form

__all__ = ["read_forms"]


def read_forms(folder: Path | None) -> tuple[Form, ...]:
    """In order of their names; raises UsageError for a folder or a file that does not fit."""
    found: dict[str, tuple[Path, Form]] = {}
    for path in EXAMPLES.values() if folder is None else _files(folder):
        form = read_form(path)
        if form.id in found:
            raise UsageError(
                f"{path}: the form in {found[form.id][0]} has the id {form.id} too; each needs one "
                "of its own."
            )
        found[form.id] = path, form
    return tuple(sorted((form for _, form in found.values()), key=lambda form: form.name))


def _files(folder: Path) -> list[Path]:
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"})
    except OSError as error:
        raise UsageError(
            f"{folder} can't be read as a folder with forms ({error.strerror}); check "
            "debrief.forms_folder."
        ) from error
    if not found:
        raise UsageError(
            f"{folder} has no .yaml file; put a form there, or remove debrief.forms_folder."
        )
    return found
