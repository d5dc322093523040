"""What opening a lesson costs: all scripts that Chromium fetches, as they come over the wire."""

from __future__ import annotations

import pytest

MAX_SCRIPT_BYTES = 120_000


@pytest.mark.parametrize(("lang", "words"), (("en", set()), ("es", {"es.js"})))
def test_the_scripts_of_a_lesson_are_small(browser, school, lang, words):
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
    assert {"uPlot.min.js", "htmx.min.js", "page.js", "player.js", *words} <= set(sizes)
    assert all(size > 0 for size in sizes.values()), sizes
    assert sum(sizes.values()) <= MAX_SCRIPT_BYTES, sizes
