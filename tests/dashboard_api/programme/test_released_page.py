"""The page of what left for a collector, by month in words."""

from __future__ import annotations

import re

from contract.aggregates.report import Report
from school.rooms.records import Site
from tests.signed_in import BY


def test_each_month_stands_once_in_words_above_its_schools(client, stores):
    for name in ("ash", "birch"):
        stores.rooms.add_site(Site(name=name, title=f"{name.title()} School"), BY)
        for month in ("2025-09", "2025-10"):
            report = Report(site=name, month=month, teachers=24, figures={"lessons": 298})
            stores.released.release(report, "https://figures.example", BY)
    page = client.get("/programme/released").text
    assert not re.findall(r"2025-\d\d", page)
    heads = re.findall(r'<th scope="(row|rowgroup)"[^>]*>([^<]+)</th>', page)
    schools = [("row", "Ash School"), ("row", "Birch School")]
    assert heads == [
        ("rowgroup", "October 2025"), *schools, ("rowgroup", "September 2025"), *schools,
    ]  # fmt: skip
    assert page.count('<td class="number">298</td>') == 4
