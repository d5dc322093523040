"""Which file holds a page's scripts: a bundle of what is there, or none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dashboard_api.web.assets.bundles import (
    BUNDLED,
    BUNDLES,
    SOURCES,
    bundle_of,
    is_fresh,
    loaded_on_demand,
    sources_hash,
)
from dashboard_api.web.rendering import STATIC

PAGE = "lessons/page.js"


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """Two scripts, and a bundle of them."""
    for name, text in ((PAGE, 'import("../video/upload.js");'), ("shared/words.js", "1;")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    folder = tmp_path / BUNDLED
    folder.mkdir()
    for name in BUNDLES.values():
        (folder / name).write_text("2;")
    (folder / SOURCES).write_text(sources_hash(tmp_path) + "\n")
    return tmp_path


def test_a_bundle_of_the_scripts_that_are_there_counts(static: Path) -> None:
    assert is_fresh(static)
    assert bundle_of(static, PAGE) == "bundled/lessons.js"


@pytest.mark.parametrize("name", (PAGE, "shared/words.js", "timeline/new.js"))
def test_a_script_that_was_changed_since_comes_as_a_module(static: Path, name: str) -> None:
    (static / name).parent.mkdir(exist_ok=True)
    with (static / name).open("a") as file:
        file.write("3;")
    assert bundle_of(static, PAGE) is None


@pytest.mark.parametrize("name", (SOURCES, *BUNDLES.values()))
def test_what_was_not_built_whole_does_not_count(static: Path, name: str) -> None:
    (static / BUNDLED / name).unlink()
    assert not is_fresh(static)


def test_what_is_loaded_on_demand_is_in_no_bundle(static: Path) -> None:
    assert loaded_on_demand(static) == {"../video/upload.js"}
    found = loaded_on_demand(STATIC)
    assert "../together/debrief.js" in found
    for name in found:
        assert (STATIC / "lessons" / name).is_file(), name


def test_every_bundled_script_is_there() -> None:
    for script in BUNDLES:
        assert (STATIC / script).is_file()


def test_the_bundle_of_this_checkout_imports_only_on_demand() -> None:
    if not is_fresh(STATIC):
        pytest.skip("a script was changed since the build: touch hatch_build.py, then make setup")
    for name in BUNDLES.values():
        text = (STATIC / BUNDLED / name).read_text()
        assert set(re.findall(r'import\("([^"]+)"\)', text)) == loaded_on_demand(STATIC)
        assert not re.search(r'(?:from|import)"\.', text)
