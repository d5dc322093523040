"""The audit log in both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.school.audit.logged import Log


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], scope="module"
)  # fmt: skip
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def log(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> Iterator[Log]:
    """An empty log."""
    url = request.getfixturevalue("postgres_server").url() if kind == "postgresql" else None
    made = Log(tmp_path, url)
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, kind: str
) -> Iterator[Log]:
    """A log that tests tamper with and then undo: a signed head, entries 11 to 40, three heads."""
    url = request.getfixturevalue("postgres_server").url() if kind == "postgresql" else None
    made = Log(tmp_path_factory.mktemp("audit"), url)
    made.add(10)
    made.note_head()
    made.clock.advance(800 * 86_400)
    made.add(10, who="kim", lesson=None)
    made.note_head()
    made.add(15)
    made.note_head()
    assert made.retire() == 10
    made.add(5, who="kim")
    yield made
    made.database.close()
