"""What opening a lesson costs: all scripts that Chromium fetches, as they come over the wire."""

from __future__ import annotations

import pytest

from dashboard_api.web import rendering

MAX_SCRIPT_BYTES = 120_000
MAX_MODULE_BYTES = 130_000
"""Modules are for who changes one; everybody else gets the bundle, which is the budget's."""
OF_EACH = {"htmx.min.js", "upload.js"}
AS_MODULES = {"uPlot.min.js", "page.js", "player.js"}


def fetched(browser, school, lang: str, max_bytes: int = MAX_SCRIPT_BYTES) -> dict[str, int]:
    """The bytes of each script of a drawn lesson page, by name."""
    context = browser.new_context(
        base_url=school.address, storage_state=school.storage, locale=lang
    )
    page = context.new_page()
    scripts = []
    page.on(
        "requestfinished",
        lambda request: scripts.append(request) if request.resource_type == "script" else None,
    )
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    page.wait_for_load_state("networkidle")
    sizes = {one.url.rpartition("/")[2]: one.sizes()["responseBodySize"] for one in scripts}
    context.close()
    assert all(size > 0 for size in sizes.values()), sizes
    assert sum(sizes.values()) <= max_bytes, sizes
    return sizes


@pytest.fixture
def as_modules(monkeypatch) -> None:
    """As where a script was changed since the build."""
    monkeypatch.setitem(rendering._templates.globals, "bundle", lambda _script: None)


@pytest.mark.parametrize(("lang", "words"), (("en", set()), ("es", {"es.js"})))
def test_the_scripts_of_a_lesson_are_one_small_file(browser, school, lang, words):
    sizes = fetched(browser, school, lang)
    assert {"lessons.js", *OF_EACH, *words} <= set(sizes)
    assert not AS_MODULES & set(sizes)


@pytest.mark.parametrize(("lang", "words"), (("en", set()), ("es", {"es.js"})))
def test_without_a_bundle_they_are_small_modules(browser, school, as_modules, lang, words):
    sizes = fetched(browser, school, lang, MAX_MODULE_BYTES)
    assert AS_MODULES | OF_EACH | words <= set(sizes)
    assert "lessons.js" not in sizes
