"""No text outside the catalogue, and no message in it without a good translation.

It knows text by its looks; `tests/browser/test_languages.py` looks at the pages themselves.
"""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any, Final

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from dashboard_api.language import LANGUAGES, NAMES
from tests.language.outside import ROOT, files, outside

CATALOGUE: Final[dict[str, Any]] = runpy.run_path(str(ROOT / "docs" / "catalogue.py"))
PO_FILES: Final = sorted(CATALOGUE["LANGUAGES"].glob("*.po"))

ELSEWHERE: Final = {
    "app.py": "the interface's description",
    "admin_command.py": "the command line",
    "clips/clip_worker.py": "names of tasks, and who acts, in the audit log's rows",
    "command.py": "the command line",
    "health/": "for programs that watch the server",
    "language/__init__.py": "what a language is called in itself",
    "lessons/export.py": "names of columns",
    "live/program_state.py": "states of a process, as the system names them",
    "live/program_watch.py": "the log",
    "live/rooms.py": "the log",
    "model/school_view.py": "a source, as the manifest names it",
    "lti/": "the log, and fields of the standard",
    "moments/open_questions.py": "keys",
    "moments/routes.py": "the interface's description",
    "openid/": "the log, and what a provider does wrong, for who runs the server",
    "people/calendar_feed.py": "the calendar's own name for its program",
    "people/sign_in.py": "who acts, in the audit log's rows",
    "programme/coverage_files.py": "names of columns and their values",
    "programme/worth_files.py": "names of columns and their values",
    "reading/__init__.py": "the settings",
    "reading/victoria.py": "a header",
    "record/next_visit.py": "the calendar file's own name for its program",
    "record/notes_rows.py": "names of columns and their values",
    "settings.py": "the settings",
    "together/debriefs.py": "names of tasks, and an error that the page does not show",
    "video/receiving.py": "a state, as the stores name it",
    "video/ranges.py": "a header",
    "video/tidying.py": "who acts, in the audit log's rows",
    "video/tus.py": "for programs that upload",
    "video/upload_routes.py": "a header, and the log",
    "video/worker.py": "names of tasks, and the log",
    "views/older_reasons.py": "patterns of what older programs kept",
    "web/access.py": "who acts, in the audit log's rows",
    "web/description.py": "the interface's description",
    "web/assets/kept_files.py": "a header",
    "web/limits/": "answers to what is no request, before anybody knows a language",
    "web/lookup.py": "who acts, in the audit log's rows",
    "web/network/certificate.py": "for who runs the server",
    "web/refusals.py": "headers",
    "web/seen.py": "a defect of the program",
}
"""Where text below `dashboard_api/` is for other readers, and which."""
SAME_EVERYWHERE: Final = frozenset({
    "(CSV)", "(prefers-color-scheme: dark)", "Enter", "Escape", "Roomtone", "Worker", "iCalendar",
    "card closed", "lane-note small soft", "no sound", "not decoded", "own by-coach", "quiet small",
    "quiet small more-below more-of-step", "small notice", "soft small",
    "text/html, application/json", "textarea, input, select",
})  # fmt: skip
"""Keys, formats, classes, selectors, and messages between scripts."""
COMMANDS_AND_MARKUP: Final = ("roomtone ", "aria-current=")


def messages(path: Path) -> Iterator[Message]:
    with path.open("rb") as file:
        yield from (message for message in read_po(file) if message.id)


def forms(value: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def holes(text: str, *, is_python_format: bool) -> set[str]:
    if is_python_format:
        return set(re.findall(r"%\((\w+)\)s", text))
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_it_is_a_catalogue_for_each_language_but_the_first():
    assert {"en", *(path.stem for path in PO_FILES)} == set(LANGUAGES)
    assert NAMES.keys() == LANGUAGES.keys()


@pytest.mark.parametrize("path", PO_FILES, ids=lambda path: path.stem)
def test_each_text_is_in_the_catalogue_and_nothing_else(path: Path):
    now = CATALOGUE["updated"](path, CATALOGUE["extracted"]())
    assert path.read_bytes() == now, "run `make catalogue`"


@pytest.mark.parametrize("path", PO_FILES, ids=lambda path: path.stem)
def test_each_message_has_its_translation_with_the_same_values_and_markup(path: Path):
    wrong = []
    for message in messages(path):
        originals, strings = forms(message.id), forms(message.string)
        is_python_format = "%(" in originals[0]
        for original, string in zip(originals, strings, strict=True):
            if (
                not string
                or "fuzzy" in message.flags
                or holes(original, is_python_format=is_python_format)
                != holes(string, is_python_format=is_python_format)
                or sorted(re.findall(r"</?\w+", original)) != sorted(re.findall(r"</?\w+", string))
            ):
                wrong.append((original, string))
    assert wrong == []


@pytest.mark.parametrize("place", ("templates", "static"))
def test_no_text_of_a_page_or_a_script_is_outside(place: str):
    found = [one for path in files(f"dashboard_api/{place}") for one in outside(path)]
    shown = [
        str(one)
        for one in found
        if one.text not in SAME_EVERYWHERE
        and not one.text.strip(" \u2423").startswith(COMMANDS_AND_MARKUP)
    ]
    assert shown == []


def test_no_sentence_of_the_server_is_outside():
    found = []
    for path in files("dashboard_api"):
        name = path.relative_to(ROOT / "dashboard_api").as_posix()
        is_elsewhere = any(
            place in f"/{name}" if place.endswith("/") else f"/{name}".endswith(f"/{place}")
            for place in ELSEWHERE
        )
        if path.suffix == ".py" and not is_elsewhere:
            found += [str(one) for one in outside(path)]
    assert found == []


def test_templates_fill_their_texts() -> None:
    """`_` of a template fills `%(n)s`, and leaves `{n}` as it stands."""
    never_filled = re.compile(r"""\b_\(\s*("[^"]*{[^"]*"|'[^']*{[^']*')\s*,""")
    templates = list((ROOT / "dashboard_api" / "templates").rglob("*.html"))
    assert templates
    assert not [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in templates
        for found in never_filled.finditer(path.read_text(encoding="utf-8"))
    ]
