"""Wheels become a release, and what is damaged is refused before anything changes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.errors import RoomtoneError
from edge_agent.release.place import Place
from edge_agent.release.unpacking import name_of, unpack, wheels_for
from tests.edge_agent.release.conftest import make_wheel


def test_the_name_has_the_version_and_changes_with_the_content(
    package: Callable[..., Path],
) -> None:
    one = name_of(wheels_for(package("1.0")))
    other = name_of(wheels_for(package("1.0", "return 1")))
    assert one.startswith("1.0-")
    assert other.startswith("1.0-")
    assert one != other


def test_another_python_is_explained(package: Callable[..., Path]) -> None:
    with pytest.raises(RoomtoneError, match=rf"for Python 3.{sys.version_info[1]}, .* has 3.99"):
        wheels_for(package("1.0"), (3, 99))


def test_a_folder_without_roomtone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RoomtoneError, match="none of Roomtone itself"):
        name_of([make_wheel(tmp_path / "library-1-py3-none-any.whl", {"library.py": ""})])


def test_a_wheel_that_is_not_what_its_list_says_is_refused(tmp_path: Path) -> None:
    place = Place(tmp_path / "opt")
    wheel = make_wheel(tmp_path / "library-1-x.whl", {"library.py": "x = 1"}, wrong="library.py")
    with pytest.raises(RoomtoneError, match=r"library-1-x.whl is damaged .library.py is not what"):
        unpack([wheel], place, "1.0-aa")
    assert place.names() == []


def test_a_library_that_carries_another_one_is_compared_with_its_own_list(tmp_path: Path) -> None:
    inside = "library/vendored/inner-2.dist-info/RECORD"
    wheel = make_wheel(
        tmp_path / "library-1-x.whl", {inside: "inner.py,sha256=none,1\n", "library/a.py": "x = 1"}
    )
    unpack([wheel], Place(tmp_path / "opt"), "1.0-aa")
    assert (tmp_path / "opt/releases/1.0-aa/lib" / inside).exists()


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    place = Place(tmp_path / "opt")
    wheel = make_wheel(tmp_path / "library-1-x.whl", {"library.py": "x = 1"})
    wheel.write_bytes(wheel.read_bytes()[:-30])
    with pytest.raises(RoomtoneError, match="damaged"):
        unpack([wheel], place, "1.0-aa")


def test_what_an_earlier_try_left_does_not_get_in(tmp_path: Path) -> None:
    place = Place(tmp_path / "opt")
    stale = place.releases / ".1.0-aa.new/lib/stale.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    wheel = make_wheel(tmp_path / "library-1-x.whl", {"library.py": "x = 1"})
    before = os.umask(0o077)
    try:
        release = unpack([wheel], place, "1.0-aa")
    finally:
        os.umask(before)
    assert (release / "lib/library.py").stat().st_mode & 0o777 == 0o644
    assert (release / "lib/library.py").read_text() == "x = 1"
    assert not (release / "lib/stale.py").exists()
    assert list((release / "lib/__pycache__").iterdir()), "/opt is read-only for the agent"
    assert place.names() == ["1.0-aa"]
