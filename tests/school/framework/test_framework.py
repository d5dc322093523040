"""Frameworks: what is read, what is refused and with which sentence, and the way from CSV."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import UsageError
from roomtone.cli import main
from school.framework.csv_file import framework_of_csv
from school.framework.records import Framework, Tag, TagGroup
from school.framework.yaml_file import EXAMPLES, parse_framework, read_framework, write_framework
from school.ids import id_of

SMALL = """\
id: ours
name: Ours
version: 2026-09
source: The district, for its schools alone
groups:
- id: talk
  label: Talk
  tags:
  - id: pair
    label: In pairs
    description: Two pupils talk about the task.
"""


def test_a_framework_is_read() -> None:
    assert parse_framework(SMALL, "ours.yaml") == Framework(
        id="ours", name="Ours", version="2026-09", source="The district, for its schools alone",
        groups=(
            TagGroup(
                id="talk", label="Talk",
                tags=(Tag(id="pair", label="In pairs", description="Two pupils talk about the task."),),
            ),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("name", ("classroom-talk", "routines-and-attention"))
def test_two_come_with_the_program(name: str) -> None:
    framework = read_framework(EXAMPLES[name])
    assert framework.id == name
    assert len(framework.groups) >= 4
    assert "Apache-2.0" in framework.source


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    (
        ("id: pair", "id: In Pairs", "ours.yaml, line 9: the id In Pairs has other characters"),
        ("    label: In pairs\n", "", "ours.yaml, line 9: label of a tag is missing."),
        ("label: Talk", "lable: Talk", "ours.yaml, line 7: a group has no lable, only id, label"),
        ("id: ours", "id: ours\nid: theirs", "ours.yaml, line 2: id stands here twice."),
        ("In pairs", "x" * 41, "line 10: label has 41 characters, and 40 fit."),
        ("source: The", "source: &x The", "line 4: anchors and aliases (& and *) are not used"),
        ("Talk\n", "[Talk\n", "ours.yaml, line 8: this is no valid YAML (expected ',' or ']'"),
        ("name: Ours", "name: [Ours]", "ours.yaml, line 2: name is a text."),
        ("name: Ours", "name:", "ours.yaml, line 2: name is empty"),
        ("name: Ours", "name: !!python/name:os.system x", "name"),
        (SMALL, "- a", "ours.yaml, line 1: a framework has id, name, version"),
        (SMALL, "", "ours.yaml is empty"),
        (SMALL, "a" * 200_001, "more than 200 kB"),
        (SMALL, "[" * 5_000, "ours.yaml"),
    ),
)  # fmt: skip
def test_a_fault_is_one_sentence_with_its_line(old: str, new: str, sentence: str) -> None:
    if "!!python" in new:  # a tag of YAML makes nothing here: the text is all that counts
        assert parse_framework(SMALL.replace(old, new), "ours.yaml").name == "x"
        return
    with pytest.raises(UsageError) as caught:
        parse_framework(SMALL.replace(old, new), "ours.yaml")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_id_stands_for_two_tags() -> None:
    twice = SMALL + SMALL.partition("groups:\n")[2].replace("id: talk", "id: more")
    with pytest.raises(UsageError, match="two tags have the id pair"):
        parse_framework(twice, "ours.yaml")
    with pytest.raises(UsageError, match="two groups have the id talk"):
        parse_framework(
            SMALL + SMALL.partition("groups:\n")[2].replace("id: pair", "id: other"), "ours.yaml"
        )


WORDS = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=30)


@given(labels=st.lists(WORDS, min_size=1, max_size=20, unique_by=lambda each: each.casefold()))
def test_what_is_written_is_read_again(labels: list[str]) -> None:
    tags = tuple(Tag(id=f"t-{n}", label=label, description="d") for n, label in enumerate(labels))
    framework = Framework(
        id="f", name="F", version="1", source="s", groups=(TagGroup(id="g", label="G", tags=tags),)
    )
    assert parse_framework(write_framework(framework), "f.yaml") == framework


CSV = "group,tag,description\nTalk,In pairs,Two talk\nTalk,Überlegen,Some quiet\nWork,Done,Ready\n"


def of_csv(text: str) -> Framework:
    return framework_of_csv(text, file="tags.csv", name="Our tags", version="1", source="us")


def test_a_csv_file_becomes_a_framework() -> None:
    made = of_csv(CSV)
    assert made.id == "our-tags"
    assert [(group.id, len(group.tags)) for group in made.groups] == [("talk", 2), ("work", 1)]
    assert made.labels["uberlegen"] == "Überlegen"
    assert of_csv(CSV.replace(",", ";")) == made


@pytest.mark.parametrize(
    ("text", "sentence"),
    (
        (CSV.replace("Ready", ""), "tags.csv, line 4: description is empty."),
        (
            CSV + "Work,In pairs!,Again\n",
            "tags.csv, line 5: the id in-pairs stands in tags.csv, line 2",
        ),
        (CSV.replace("Done", "終わり"), "tags.csv, line 4: 終わり has no letter of a-z for an id"),
        (CSV.replace("tag,", "word,"), "tags.csv: the first line has no tag"),
        (CSV.replace("Done", "x" * 41), "label has 41 characters, and 40 fit."),
        ("group,tag,description\n", "groups is a list of 1 to 12."),
    ),
)
def test_a_fault_in_a_csv_file_is_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        of_csv(text)
    assert sentence in str(caught.value)


def test_ids_are_made_of_labels() -> None:
    assert id_of("Wait – time (3 s)") == "wait-time-3-s"
    assert id_of("終わり") == ""


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, made = tmp_path / "tags.csv", tmp_path / "tags.yaml"
    source.write_text(CSV)
    words = [
        "framework",
        "import",
        str(source),
        "--out",
        str(made),
        "--name",
        "Our tags",
        "--source",
        "us",
    ]
    assert main(words) == 0
    assert "with 3 tags in 2 groups" in capsys.readouterr().out
    assert main(words) == 2, "no file is overwritten"
    assert "name another one" in capsys.readouterr().err
    assert main(["framework", "check", str(made)]) == 0
    made.write_text("id: x")
    assert main(["framework", "check", str(made)]) == 2
    assert "line 1: name of a framework is missing" in capsys.readouterr().err
    assert main(["framework", "show", "classroom-talk"]) == 0
    assert parse_framework(capsys.readouterr().out, "shown").id == "classroom-talk"
