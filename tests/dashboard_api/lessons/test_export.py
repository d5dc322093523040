"""A teacher takes the table of a lesson of theirs along as a file."""

from __future__ import annotations

import csv
import io

from contract.files.csv_rows import csv_text
from dashboard_api.lessons.export import timeline_rows
from dashboard_api.views.schemas import TimelineJson
from school.sharing.cut import Span
from tests.signed_in import BY, TEACHER

FILE = "/lessons/sample/table.csv"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_it_has_the_numbers_of_the_timeline(client, filled, stores) -> None:
    answer = client.get(FILE)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    shown = client.get("/api/lessons/sample/timeline?level_s=30").json()
    found = rows(answer.text)
    assert len(found) == 100
    for at in (0, 17, 60, 99):
        line = found[at]
        assert line["movement, dB"] == str(shown["movement"]["mean"][at] or "")
        assert line["noise, dB(A)"] == str(shown["noise"]["mean"][at] or "")
        cells = [c for c in shown["zones"][0]["cells"][3 * at : 3 * at + 3] if c is not None]
        assert line["Window, dB"] == (str(max(cells)) if cells else "")
    assert (found[60]["from"], found[60]["to"]) == ("30:00", "30:30")
    assert found[61]["missing"] == "the kit lost power or restarted"
    assert "seat" not in answer.text.lower()
    client.get(FILE)
    done = [e.sentence for e in stores.audit.of_person(TEACHER, 20) if e.action == "exported"]
    assert len(done) == 2
    assert done[0].endswith("exported lesson sample: its table")


def test_what_is_left_out_is_not_in_it(client, filled, stores) -> None:
    stores.sharing.teacher.exclude("sample", Span(600, 900), "fire_drill", "", BY)
    found = rows(client.get(FILE).text)
    assert found[20]["movement, dB"] == found[20]["Door, dB"] == found[29]["noise, dB(A)"] == ""
    assert found[20]["missing"] == "left out: fire drill"


def test_a_spreadsheet_takes_no_name_for_a_formula(client, filled) -> None:
    shown = client.get("/api/lessons/sample/timeline?level_s=30").json()
    shown["zones"][0]["name"] = "=1+1"
    text = csv_text(timeline_rows(TimelineJson(**shown)))
    assert "'=1+1, dB" in next(csv.reader(io.StringIO(text)))


def test_the_table_leads_to_it(client, filled) -> None:
    assert f'href="{FILE}"' in client.get("/lessons/sample/table").text
