"""Forms: what is read, what is refused and with which sentence, and the way from CSV."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import UsageError
from roomtone.cli import main
from school.forms.csv_file import form_of_csv
from school.forms.records import KINDS, Form, Item, Level, Section
from school.forms.yaml_file import EXAMPLES, parse_form, read_form, write_form
from school.settings import DebriefSettings

SMALL = """\
id: ours
name: Ours
version: 2026-09
source: The district, for its schools alone
about: What we look at together.
sections:
- id: talk
  label: Talk
  items:
  - id: pairs
    label: In pairs
    description: Two pupils talk about the task.
    kind: levels
    levels:
    - {id: no, label: Not yet, description: Nobody does.}
    - {id: some, label: Some, description: A few pairs do.}
  - id: where
    label: Where
    description: A place to look at.
    kind: words
"""


def test_a_form_is_read() -> None:
    assert parse_form(SMALL, "ours.yaml") == Form(
        id="ours", name="Ours", version="2026-09", source="The district, for its schools alone",
        about="What we look at together.",
        sections=(
            Section(id="talk", label="Talk", items=(
                Item(
                    id="pairs", label="In pairs", description="Two pupils talk about the task.",
                    kind="levels", levels=(
                        Level(id="no", label="Not yet", description="Nobody does."),
                        Level(id="some", label="Some", description="A few pairs do."),
                    ),
                ),
                Item(id="where", label="Where", description="A place to look at.", kind="words"),
            )),
        ),
    )  # fmt: skip


def test_three_come_with_the_program() -> None:
    forms = {name: read_form(path) for name, path in EXAMPLES.items()}
    assert sorted(forms) == ["routines-walkthrough", "strengths-walkthrough", "talk-rubric"]
    for name, form in forms.items():
        assert form.id == name
        assert "Apache-2.0" in form.source
        assert len(form.items) >= 5
    assert {item.kind for item in forms["talk-rubric"].items.values()} == {"levels", "words"}


def test_the_strengths_walkthrough_has_nothing_to_mark_as_missing() -> None:
    items = read_form(EXAMPLES["strengths-walkthrough"]).items.values()
    assert {item.kind for item in items} == {"strength", "words"}
    assert {choice.id for item in items for choice in item.choices} == {"seen"}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    (
        ("id: pairs", "id: In Pairs", "ours.yaml, line 10: the id In Pairs has other characters"),
        ("    label: In pairs\n", "", "ours.yaml, line 10: label of an item is missing."),
        ("label: Talk", "lable: Talk", "ours.yaml, line 8: a section has no lable, only id, label"),
        ("id: ours", "id: ours\nid: theirs", "ours.yaml, line 2: id stands here twice."),
        ("In pairs", "x" * 81, "line 11: label has 81 characters, and 80 fit."),
        ("about: What", "about: &x What", "line 5: anchors and aliases (& and *) are not used"),
        ("kind: words", "kind: scores", "there is no kind scores, only levels, seen, strength,"),
        ("kind: words", "levels: []", "line 17: kind of an item is missing."),
        ("kind: levels", "kind: seen", "line 15: an item of the kind seen has no levels."),
        ("kind: words", "kind: levels", "line 17: levels of an item of the kind levels is missing"),
        ("    - {id: some, label: Some, description: A few pairs do.}\n", "",
         "line 15: levels is a list of 2 to 6."),
        ("id: some", "id: no", "line 16: the level in line 15 has the id no too."),
        ("id: where", "id: pairs", "line 17: the item in line 10 has the id pairs too."),
        ("Not yet", "[Not", "this is no valid YAML"),
        (SMALL, "- a", "ours.yaml, line 1: a form has id, name, version"),
        (SMALL, "", "ours.yaml is empty; docs/forms.md has an example."),
        (SMALL, "a" * 200_001, "more than 200 kB, which no form needs"),
        (SMALL, "[" * 5_000, "ours.yaml"),
    ),
)  # fmt: skip
def test_a_fault_is_one_sentence_with_its_line(old: str, new: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_form(SMALL.replace(old, new), "ours.yaml")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_ids_on_one_line_are_found() -> None:
    twice = SMALL.partition("    levels:")[0] + (
        "    levels: [{id: a, label: A, description: d}, {id: a, label: B, description: d}]\n"
    )
    with pytest.raises(UsageError, match="line 14: the level in line 14 has the id a too"):
        parse_form(twice, "ours.yaml")


WORDS = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=60)
IDS = st.from_regex(r"[a-z0-9]{1,20}(-[a-z0-9]{1,8}){0,3}", fullmatch=True)
LEVELS = st.lists(
    st.builds(Level, id=IDS, label=WORDS, description=WORDS),
    min_size=2, max_size=6, unique_by=lambda level: level.id,
)  # fmt: skip


@st.composite
def forms(draw: st.DrawFn, levels_of: st.SearchStrategy[list[Level]] = LEVELS) -> Form:
    ids = draw(st.lists(IDS, min_size=1, max_size=8, unique=True))
    items = []
    for name in ids:
        kind = draw(st.sampled_from(KINDS))
        levels = tuple(draw(levels_of)) if kind == "levels" else ()
        label, words = draw(WORDS), draw(WORDS)
        items.append(Item(id=name, label=label, description=words, kind=kind, levels=levels))
    cut = draw(st.integers(1, len(items)))
    parts = [part for part in (items[:cut], items[cut:]) if part]
    sections = tuple(
        Section(id=f"s-{number}", label=f"Section {number}", items=tuple(part))
        for number, part in enumerate(parts)
    )
    return Form(
        id=draw(IDS), name=draw(WORDS), version="1", source=draw(WORDS), about=draw(WORDS),
        sections=sections,
    )  # fmt: skip


@given(form=forms())
def test_what_is_written_is_read_again(form: Form) -> None:
    assert parse_form(write_form(form), "f.yaml") == form


CSV_COLUMNS = (
    "section", "item", "description", "kind", "id",
    "level_1", "level_2", "level_3", "level_4", "level_5", "level_6",
)  # fmt: skip


def as_csv(form: Form) -> str:
    written = StringIO()
    rows = csv.DictWriter(written, CSV_COLUMNS)
    rows.writeheader()
    for section in form.sections:
        for item in section.items:
            levels = {
                f"level_{number}": f"{level.label}: {level.description}"
                for number, level in enumerate(item.levels, 1)
            }
            rows.writerow({
                "section": section.label, "item": item.label, "description": item.description,
                "kind": item.kind, "id": item.id, **levels,
            })  # fmt: skip
    return written.getvalue()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_table_of_a_form_becomes_the_same_form(name: str) -> None:
    form = read_form(EXAMPLES[name])
    made = form_of_csv(
        as_csv(form), file="f.csv", name=form.name, version=form.version, source=form.source,
        about=form.about,
    )  # fmt: skip
    assert list(made.items) == list(form.items)
    for item in form.items.values():
        other = made.items[item.id]
        assert (other.label, other.description, other.kind) == (
            item.label, item.description, item.kind,
        )  # fmt: skip
        assert [(level.label, level.description) for level in other.levels] == [
            (level.label, level.description) for level in item.levels
        ]


NAMED_LEVELS = st.lists(
    st.builds(lambda name, words: Level(id=name, label=name, description=words), IDS, WORDS),
    min_size=2, max_size=6, unique_by=lambda level: level.id,
)  # fmt: skip
"""Levels whose ids are those that a table makes of their labels."""


@given(form=forms(NAMED_LEVELS))
def test_a_table_of_any_form_becomes_its_items(form: Form) -> None:
    made = form_of_csv(
        as_csv(form), file="f.csv", name=form.name, version=form.version, source=form.source,
        about=form.about,
    )  # fmt: skip
    assert made.items == form.items
    assert [(part.label, len(part.items)) for part in made.sections] == [
        (part.label, len(part.items)) for part in form.sections
    ]


CSV = """\
section,item,description,kind,level_1,level_2
Talk,In pairs,Two talk,levels,Not yet: nobody does,Some: a few do
Talk,Überlegen,Some quiet,seen,,
Work,Done,Ready early,strength,,
"""


def of_csv(text: str) -> Form:
    return form_of_csv(text, file="f.csv", name="Our form", version="1", source="us", about="a")


def test_a_csv_file_becomes_a_form() -> None:
    made = of_csv(CSV)
    assert made.id == "our-form"
    assert [(section.id, len(section.items)) for section in made.sections] == [
        ("talk", 2), ("work", 1),
    ]  # fmt: skip
    assert made.items["in-pairs"].levels[1] == Level(
        id="some", label="Some", description="a few do"
    )
    assert made.items["uberlegen"].kind == "seen"
    assert of_csv(CSV.replace(",", ";")) == made


@pytest.mark.parametrize(
    ("text", "sentence"),
    (
        (CSV.replace("Ready early", ""), "f.csv, line 4: description is empty."),
        (CSV + "Work,In pairs!,Again,words,,\n", "f.csv, line 5: the id in-pairs stands in f.csv"),
        (CSV.replace("Done", "終わり"), "f.csv, line 4: 終わり has no letter of a-z for an id"),
        (CSV.replace("item,", "word,"), "f.csv: the first line has no item"),
        (CSV.replace("Done", "x" * 81), "f.csv, line 4: item has 81 characters, and 80 fit."),
        (CSV.replace(",strength", ",points"), "f.csv, line 4: kind is one of levels, seen, "),
        (CSV.replace("levels,Not", "seen,Not"), "line 2: an item of the kind levels has level_1"),
        (CSV.replace("Not yet: nobody does", "Not yet"), "line 2: level_1 is a word, a colon and"),
        (CSV.replace("Not yet", "Some"), "f.csv, line 2: two levels begin with Some; each has its"),
        (CSV.replace("Not yet: nobody does", ""), "line 2: an item of the kind levels has level_1"),
        ("section,item,description,kind\n", "sections is a list of 1 to 12."),
    ),
)
def test_a_fault_in_a_csv_file_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        of_csv(text)
    assert sentence in str(caught.value)


def test_a_school_uses_the_forms_of_its_folder(tmp_path: Path) -> None:
    assert len(DebriefSettings().forms()) == 3
    settings = DebriefSettings(forms_folder=tmp_path)
    with pytest.raises(UsageError, match=r"has no \.yaml file; put a form there"):
        settings.forms()
    (tmp_path / "b.yaml").write_text(SMALL)
    (tmp_path / "notes.txt").write_text("no form")
    (tmp_path / "a.yml").write_text(SMALL.replace("id: ours", "id: a").replace("Ours", "A"))
    assert [form.name for form in settings.forms()] == ["A", "Ours"]
    (tmp_path / "c.yaml").write_text(SMALL)
    with pytest.raises(UsageError, match=r"c\.yaml: the form in .*b\.yaml has the id ours too"):
        settings.forms()
    (tmp_path / "c.yaml").write_text("id: c")
    with pytest.raises(UsageError, match=r"c\.yaml, line 1: name of a form is missing"):
        settings.forms()
    with pytest.raises(UsageError, match="can't be read as a folder with forms"):
        DebriefSettings(forms_folder=tmp_path / "none").forms()


def test_a_bad_file_stops_the_pages_at_their_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.yaml").write_text("id: c")
    config = tmp_path / "server.toml"
    config.write_text(
        f'site = "s"\ndata_dir = "{tmp_path}/data"\n[debrief]\nforms_folder = "{tmp_path}"\n'
    )
    assert main(["dashboard", "--config", str(config)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "c.yaml, line 1: name of a form is missing" in said


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, made = tmp_path / "form.csv", tmp_path / "form.yaml"
    source.write_text(CSV)
    words = [
        "form", "import", str(source), "--out", str(made), "--name", "Our form",
        "--source", "us", "--about", "What we look at.",
    ]  # fmt: skip
    assert main(words) == 0
    assert "with 3 items in 2 sections" in capsys.readouterr().out
    assert main(words) == 2, "no file is overwritten"
    assert "name another one" in capsys.readouterr().err
    assert main(["form", "check", str(made)]) == 0
    made.write_text("id: x")
    assert main(["form", "check", str(made)]) == 2
    assert "line 1: name of a form is missing" in capsys.readouterr().err
    assert main(["form", "show", "talk-rubric"]) == 0
    assert parse_form(capsys.readouterr().out, "shown").id == "talk-rubric"


def test_the_example_in_the_document_is_a_form() -> None:
    document = (Path(__file__).parents[3] / "docs" / "forms.md").read_text()
    example = document.partition("```yaml\n")[2].partition("```")[0]
    assert {item.kind for item in parse_form(example, "docs").items.values()} == set(KINDS)
    table = document.partition("```csv\n")[2].partition("```")[0]
    assert len(of_csv(table).items) == 2
