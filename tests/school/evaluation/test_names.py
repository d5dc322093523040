"""Names of people in a text: found however they are written, and ordinary words are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from school.evaluation.names import Names, Place

PEOPLE = (
    "Ada Quillfeather",
    "Bo Li",
    "María de los Santos",
    "王伟",
    "Jean-Luc O’Brien",
    "Ms Roth",
    "an ng",
    "Ana De Sá",
    "Mr De Souza",
)
NAMES = Names(PEOPLE, ("ada.quillfeather@school.example", "k-roth", "teacher"))


@pytest.mark.parametrize(
    ("line", "words"),
    (
        ("then Ada said so", "Ada"),
        ("ADA said so", "ADA"),
        ("then ada said so", "ada"),
        ("_Quillfeather_’s class", "Quillfeather"),
        ("Quill\u00adfeather", "Quillfeather"),
        ("Ａｄａ in wide letters", "Ada"),
        ("we asked Bo Li", "Bo"),
        ("we asked Li", "Li"),
        ("LI said so", "LI"),
        ("then Bo’s class", "Bo"),
        ("with Ng and the others", "Ng"),
        ("maria came", "maria"),
        ("Mari\u0301a came", "María"),
        ("with the Santos class", "Santos"),
        ("我们问了王伟老师", "王伟"),
        ("Luc was late", "Luc"),
        ("write to somebody@else.example", "somebody@else.example"),
        ("her name there is ada.quillfeather", "ada"),
        ("k-roth opened it", "k roth"),
        ("and Roth", "Roth"),
    ),
)
def test_a_name_is_found_in_its_line(line: str, words: str) -> None:
    (found,) = NAMES.places(f"first\n{line}\nlast")
    assert found.line == 2
    assert found.words.replace("-", " ") == words


@pytest.mark.parametrize(
    "line",
    (
        "los niños de la clase", "Ms somebody", "the teacher said: we adapt", "a bolt, a lion", "Brienne",
        "at 7 @ noon", "", "my way home with Lia", "De los niños, un libro", "li bo", "an hour",
    ),
)  # fmt: skip
def test_other_words_are_no_names(line: str) -> None:
    assert NAMES.places(line) == []


def test_a_word_that_is_allowed_stays() -> None:
    names = Names(("Rose Field", "Grace"), allowed=("rose", "GRACE"))
    assert names.places("a rose, with grace") == []
    assert names.places("a rose in the field") == [Place(1, "field")]


def test_a_school_without_people_has_no_names() -> None:
    assert Names(()).places("Ada said so") == []
    assert Names(("", "  ", "Mr")).places("Mr and mr") == []


@given(st.lists(st.text(max_size=12), max_size=5), st.text(max_size=60))
def test_any_names_and_any_text_are_taken(names: list[str], text: str) -> None:
    for place in Names(names).places(text):
        assert 1 <= place.line <= len(text.splitlines())


@given(st.sampled_from(PEOPLE), st.text(max_size=20), st.text(max_size=20))
def test_a_whole_name_is_found_between_any_other_words(name: str, before: str, after: str) -> None:
    assert NAMES.places(f"{before} {name} {after}")
