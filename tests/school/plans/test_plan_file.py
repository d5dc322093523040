"""Plans as people type and save them, and what is wrong with others."""

from __future__ import annotations

import pytest

from contract.errors import UsageError
from school.plans.checking import checked_phases
from school.plans.plan_file import MAX_BYTES, plan_text, read_plan, read_plan_file
from school.plans.records import LONGEST_NAME, MAX_PHASES, Phase, planned_spans

TYPED = """10 Warm-up
25 Group task #CCSS.MATH.5.NF.A.1
10 Share
"""
HEADINGS = """# Fractions, lesson 3

Materials: 30 strips of paper

## Warm-up (10 min)
Pupils talk for 2 minutes.

## Group task – 25 minutes
See #CCSS.MATH.5.NF.A.1.

### 10 min: Share
"""
LISTED = """# Fractions
- **10 min** Warm-up
2. Group task, 25 min (#CCSS.MATH.5.NF.A.1)
* 10 – Share
"""
TABLE = """| Phase | Minutes | Standards |
|---|---:|---|
| Warm-up | 10 | |
| Group task | 25 | #CCSS.MATH.5.NF.A.1 |
| Share | 10 | |
"""
CSV = """phase;minutes;standards
Warm-up;10;
Group task;25;CCSS.MATH.5.NF.A.1
Share;10;
"""
EXPECTED = [
    ("Warm-up", 10, []), ("Group task", 25, ["CCSS.MATH.5.NF.A.1"]), ("Share", 10, []),
]  # fmt: skip


def code_of(tag: str) -> str | None:
    return {"ccss.math.5.nf.a.1": "CCSS.MATH.5.NF.A.1", "111.7.(b)(3)": "111.7.(b)(3)"}.get(
        tag.casefold().rstrip(".")
    )


def phases(text: str, minutes: int = 60) -> tuple[Phase, ...]:
    return checked_phases(read_plan(text), minutes * 60, code_of)


@pytest.mark.parametrize("text", (TYPED, HEADINGS, LISTED, TABLE, CSV, "\ufeff" + CSV))
def test_each_way_to_write_a_plan_has_the_same_phases(text: str) -> None:
    found = phases(text)
    assert [(one.name, one.minutes, list(one.standards)) for one in found] == EXPECTED
    assert planned_spans(found) == [(0, 600), (600, 2100), (2100, 2700)]
    assert phases(plan_text(found)) == found


def test_a_large_m_is_a_name_and_no_unit() -> None:
    found = phases("10 M and M\n5 m Share\n5m Talk\nMath M 10 min")
    assert [(one.minutes, one.name) for one in found] == [
        (10, "M and M"), (5, "Share"), (5, "Talk"), (10, "Math M"),
    ]  # fmt: skip


def test_the_sentence_names_the_line_of_a_heading_and_of_its_standard() -> None:
    with pytest.raises(UsageError, match=r"^Line 9: .* no #X\.9"):
        phases(HEADINGS.replace("#CCSS.MATH.5.NF.A.1", "#X.9"))


def test_a_code_may_have_brackets_and_stand_in_brackets() -> None:
    (phase,) = phases("10 Warm-up (#111.7.(b)(3))")
    assert (phase.name, phase.standards) == ("Warm-up", ("111.7.(b)(3)",))


@pytest.mark.parametrize("tag", ("ccss.math.5.nf.a.1", "CCSS.MATH.5.NF.A.1."))
def test_a_tag_becomes_the_code_as_its_framework_writes_it(tag: str) -> None:
    assert phases(f"10 Warm-up #{tag} #{tag}")[0].standards == ("CCSS.MATH.5.NF.A.1",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    (
        ("", "^The plan has no phase"),
        ("# Only a title\n\n---\n", "^The plan has no phase"),
        ("10 Warm-up\nShare", "^Line 2 has no minutes"),
        ("ten Warm-up", "^Line 1 has no minutes"),
        ("10 Warm-up\n\n-5 Share", "^Line 3 has “-5” as minutes"),
        ("0 Warm-up", "^Line 1 has “0” as minutes"),
        ("2.5 Warm-up", "^Line 1 has “2.5” as minutes"),
        ("601 Warm-up", "^Line 1 has “601” as minutes: write a whole number from 1 to 600"),
        ("9" * 5000 + " Warm-up", "^Line 1 has “999999999999” as minutes"),
        ("١٠ Warm-up", "^Line 1 has “١٠” as minutes"),
        ("10", "^Line 1 has no name"),
        ("10 \x07", "^Line 1 has no name"),
        (f"10 {'x' * (LONGEST_NAME + 1)}", "^Line 1 names its phase in 81 characters"),
        ("1 x\n" * MAX_PHASES + "\n1 y", "^Line 32: that is phase 31, and a plan has 30"),
        ("1 x " + " ".join(f"#a{n}" for n in range(11)), "^Line 1: a phase has 10 standards"),
        ("1 x #" + "a" * 81, "^Line 1 has a standard that is too long"),
        ("40 Warm-up\n\n21 Share", "^Line 3: with this phase the plan has 61 minutes, and .* 60"),
        ("10 Warm-up #Q.1", "^Line 1: the standards of this school have no #Q.1"),
        ("phase,minutes\nWarm-up,10\nShare,soon", "^Line 3 has “soon” as minutes"),
        ("phase,minutes\nWarm-up,-10", "^Line 2 has “-10” as minutes"),
        ("phase,minutes\n,10", "^Line 2 has no name"),
        ("phase,length\nWarm-up,10", "the first line has no minutes"),
        ('phase,minutes\n"Warm-up,10', "line 2: not CSV"),
        ("x" * (MAX_BYTES + 1), "^The text is longer"),
    ),
)  # fmt: skip
def test_what_is_wrong_is_a_sentence_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        phases(text)


@pytest.mark.parametrize(
    ("data", "sentence"),
    (
        (b"10 Caf\xe9", "^plan.md is not UTF-8 text"),
        (b"PK\x03\x04rest", "^plan.md is an Excel workbook"),
        (b"\0\0\0\0\0", "^plan.md holds NUL characters"),
        (b"1 x\n" * (MAX_BYTES // 4 + 1), "^plan.md is larger than 32 KB"),
    ),
)
def test_a_file_that_is_no_plan_is_refused_by_name(data: bytes, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        read_plan_file(data, "plan.md")


def test_a_file_may_be_in_utf_16() -> None:
    assert read_plan_file(TYPED.encode("utf-16"), "plan.txt") == read_plan(TYPED)
