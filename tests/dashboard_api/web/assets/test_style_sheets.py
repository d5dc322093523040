"""Several style sheets as one file."""

from __future__ import annotations

import pytest

from dashboard_api.web.assets.style_sheets import StyleSheets
from dashboard_api.web.rendering import STATIC, STYLES_ADDRESS


def test_sheets_come_in_the_order_of_the_address_and_for_good(client):
    sheets = ("shared/tokens", "lessons/page")
    answer = client.get(f"{STYLES_ADDRESS}/{StyleSheets.name_of(*sheets)}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.text == "\n".join((STATIC / f"{sheet}.css").read_text() for sheet in sheets)


@pytest.mark.parametrize(
    "name", ("none.css", "shared~base+.css", "..~..~app.css", "%2e%2e~app.css", "+" * 40)
)
def test_anything_else_is_not_found(client, name):
    assert client.get(f"{STYLES_ADDRESS}/{name}").status_code == 404


def test_a_lesson_page_waits_for_one_sheet(client, filled):
    page = client.get(f"/lessons/{filled.lesson.id}")
    links = [line for line in page.text.splitlines() if 'rel="stylesheet"' in line]
    assert sum('media="print"' not in line for line in links) == 1
