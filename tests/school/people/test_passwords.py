"""What is said of a password that is easy to guess."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

import pytest
from zxcvbn import feedback

from contract.errors import UsageError
from contract.language import speaking
from school.people.passwords import WARNINGS, check_strength
from tests.language.marked import MARKED


def warnings_of_the_library() -> Iterator[str]:
    for node in ast.walk(ast.parse(inspect.getsource(feedback))):
        said: list[ast.expr | None] = []
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "warning":
            said = [node.value]
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            said = [value for key, value in pairs if key and ast.unparse(key) == "'warning'"]
        for value in said:
            if isinstance(value, ast.Call):
                yield ast.literal_eval(value.args[0])


def test_the_catalogue_has_all_that_the_library_says() -> None:
    assert set(WARNINGS) == set(warnings_of_the_library())


def test_it_is_said_in_the_reader_s_language() -> None:
    with speaking(MARKED), pytest.raises(UsageError) as refused:
        check_strength("qwertyuiop1", known=())
    assert str(refused.value).startswith("[The password is easy to guess ([")
    with pytest.raises(
        UsageError, match=r"easy to guess \(this is similar to a commonly used pass"
    ):
        check_strength("qwertyuiop1", known=())
