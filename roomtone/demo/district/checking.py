"""Opens each page that a link leads to, and holds what pages show against what was put into the district."""

from __future__ import annotations

import csv
import html
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from roomtone.demo.district.cast import GROUPS, SITES, WAVES
from roomtone.demo.district.crawling.crawl import Crawl, fetch_from
from roomtone.demo.district.packs import PACKS, pack_faults, write_pack
from roomtone.demo.district.programs import DistrictPrograms
from roomtone.demo.district.put import LIMIT
from roomtone.demo.district.walking import PEOPLE, walk
from roomtone.demo.district.words import CLIP, CLIP_REMARKS
from roomtone.demo.district.world import World
from school.people.demo_ids import DemoName
from school.programme.small_groups import WITHIN_SCHOOL

__all__ = ["Check"]

_WEEKS: Final = 12
"""So many weeks of answers the pages show."""


@dataclass(slots=True)
class Check:
    """`faults` has a sentence for each thing that a page shows otherwise than it was put."""

    programs: DistrictPrograms
    world: World
    faults: list[str] = field(default_factory=list)
    pages: int = 0
    crawls: dict[str, Crawl] = field(default_factory=dict)
    """Who → what they reach by links."""

    def run(self) -> None:
        """Look at all of it."""
        self._links()
        self._packs()
        self.run_figures()

    def run_figures(self) -> None:
        """Hold figures and lists against what was put there."""
        self._collected()
        self._coverage()
        self._worth()
        self._people()
        self._answers()
        self._own_weeks()
        self._cohort()
        self._clip()

    def _links(self) -> None:
        """Everybody reaches each page of the walk by links, and no link is broken."""
        pages = walk(self.world.put)
        for who in PEOPLE:
            wanted = [path for mine, path, _what in pages if mine == who]
            self._crawl(Crawl(who, self.programs.fetching(who), wanted=wanted))
        self._crawl(Crawl("collector", self.programs.fetching_collected()))

    def _packs(self) -> None:
        """Each pack is whole, and all pages of the one for a committee are reached from its contents."""
        for name in PACKS:
            pack = write_pack(name, self.world.folder, self.programs.config)
            self.faults += pack_faults(pack)
            pages = [f"/{path.name}" for path in sorted(pack.glob("*.html"))]
            if pages:
                start = "/index.html"
                self._crawl(Crawl(name, fetch_from(pack), start=start, wanted=pages, languages=()))

    def _crawl(self, crawl: Crawl) -> None:
        crawl.run()
        self.pages += len(crawl.found)
        self.faults += crawl.faults
        self.crawls[crawl.who] = crawl

    def _page(self, who: DemoName, path: str) -> str:
        self.pages += 1
        return html.unescape(self.programs.fetch(who, path))

    def _all_pages(self, who: DemoName, path: str) -> str:
        """A list with those that its link to the next page leads to."""
        text = ""
        while path:
            page = self._page(who, path)
            text += page
            following = re.search(r'rel="next" href="([^"]+)"', page)
            path = following.group(1) if following else ""
        return text

    def _rows(self, who: DemoName, path: str) -> list[dict[str, str]]:
        self.pages += 1
        return _table(self.programs.fetch(who, path))

    def _same(self, what: str, shown: object, put: object) -> None:
        if shown != put:
            self.faults.append(f"{what}: shown is {shown}, and {put} was put there")

    def _months(self) -> list[str]:
        """Those that are over, in order."""
        this = f"{self.world.calendar.today:%Y-%m}"
        return [month for month in self.world.put.months() if month < this]

    def _collected(self) -> None:
        """The collector holds each month that may leave, with just these figures.

        Of teachers with a cycle that is what the month's coverage shows of the school.
        """
        self.pages += 2
        page = self.programs.fetch_collected("/")
        for school in SITES:
            if school.title not in page:
                self.faults.append(f"the collector's page does not name {school.title}")
        held = {
            (row["month"], row["site"]): {
                name: int(cell)
                for name, cell in row.items()
                if cell and name not in {"month", "site"}
            }
            for row in _table(self.programs.fetch_collected("/aggregates.csv"))
        }
        put = {}
        for month in self._months():
            if len(self.world.put.teachers(month)) < LIMIT:
                continue
            rows = self._rows("administrator", f"/programme/coverage.csv?month={month}")
            shown = {row["name"]: row for row in rows if row["kind"] == "school"}
            for school in SITES:
                report = self.world.put.report(month, school.site)
                if report is None or not shown[school.site]["teachers"]:
                    continue
                if not shown[school.site]["with_cycle"]:
                    report.pop("with_cycle", None)
                put[month, school.site] = report
        self._same("figures at the collector", held, put)

    def _coverage(self) -> None:
        """Each count that is shown is right, and of ten teachers or more."""
        put = self.world.put
        for month in self._months():
            if len(put.teachers(month)) < LIMIT:
                continue
            rows = self._rows("administrator", f"/programme/coverage.csv?month={month}")
            kinds = Counter(row["kind"] for row in rows)
            due = {"district": 1, "group": len(GROUPS), "wave": len(WAVES), "school": len(SITES)}
            self._same(f"rows of {month}", dict(kinds), due)
            for row in rows:
                sites = _sites_of(row["kind"], row["name"])
                teachers = {n for site in sites for n in put.teachers(month, site)}
                having = {n for site in sites for n in put.with_cycle(month, site)}
                what = f"{row['title']} in {month}"
                for shown, counted in ((row["teachers"], teachers), (row["with_cycle"], having)):
                    if not shown:
                        continue
                    self._same(what, int(shown), len(counted))
                    if 0 < int(shown) < LIMIT:
                        self.faults.append(f"{what}: {shown} is of fewer than {LIMIT} teachers")
            if not rows or not rows[0]["teachers"]:
                self.faults.append(f"the whole district is not shown in {month}")

    def _worth(self) -> None:
        """Each term has its sheet, and each n is how many keep their time, or have an outcome."""
        put = self.world.put
        teachers = self.world.cast.teachers
        coached = sum(part.coach is not None for part in teachers)
        due = {
            ("hours_saved", "everybody"): put.keepers["coach"] + put.keepers["teacher"],
            ("hours_saved", "coaches"): put.keepers["coach"],
            ("hours_saved", "teachers"): put.keepers["teacher"],
            ("gain_of_classes", "coached"): coached,
            ("gain_of_classes", "others"): len(teachers) - coached,
        }
        # Outcomes came at the end of the second term.
        wanted = {1: [("hours_saved", "everybody")],
                  2: [("hours_saved", "everybody"), ("gain_of_classes", "coached")]}  # fmt: skip
        for sheet, needed in wanted.items():
            rows = self._rows("administrator", f"/programme/worth.csv?sheet={sheet}")
            shown = {(row["figure"], row["of"]): row["n"] for row in rows if row["n"]}
            for key, n in due.items():
                if key in shown:
                    self._same(f"sheet {sheet}, {' of '.join(key)}", int(shown[key]), n)
            for key, people in shown.items():
                if int(people) < LIMIT:
                    self.faults.append(f"sheet {sheet}, {' of '.join(key)} is of {people} people")
            for key in needed:
                if key not in shown:
                    self.faults.append(f"sheet {sheet} has no {' of '.join(key)}")

    def _people(self) -> None:
        """All are on the pages of people; a coach has the teachers who work with them, and no others."""
        people = self._all_pages("administrator", "/people")
        caseload = self._page("coach", "/caseload")
        for part in self.world.cast.teachers:
            name = self.world.teachers[part.number].name
            if name not in people:
                self.faults.append(f"{name} is not on the pages of people")
            if (name in caseload) != (part.coach == 0):
                self.faults.append(f"the coach's page is wrong about {name}")

    def _answers(self) -> None:
        """The weeks with five answers or more of a teacher's own school, the latest first."""
        weeks = self.world.put.pulse
        this = self.world.calendar.coming - timedelta(days=7)
        wanted = [this - timedelta(days=7 * back) for back in range(1, _WEEKS + 1)]
        site = self.world.cast.teachers[0].school
        due = [weeks[monday, site.site] for monday in wanted
               if weeks[monday, site.site] >= WITHIN_SCHOOL]  # fmt: skip
        page = self._page("teacher", "/pulse")
        part = page.partition(f"Each week, {site.title}")[2].partition("</article>")[0]
        shown = [int(n) for n in re.findall(r"<td>\d+ (?:or \w+ )?of (\d+)</td>", part)]
        self._same("answers of each week", shown, due)

    def _own_weeks(self) -> None:
        rows = self._rows("teacher", "/time.csv")
        self._same("the teacher's weeks", len(rows), self.world.put.own_weeks)

    def _cohort(self) -> None:
        """Who leads it reads how many answers were handed to it, each of these, and what others say."""
        put = self.world.put
        page = self._page("coach", f"/cohorts/{put.cohort}")
        for question, handed in put.handed.items():
            part = page.partition(f">{question}</h2>")[2].partition('aria-labelledby="task-')[0]
            if f"{handed} of {len(put.members)} handed theirs" not in part:
                self.faults.append(f"the cohort's page does not say {handed} of “{question}”")
            answers = part.count('<section class="clip" aria-label="What ')
            self._same(f"answers to “{question}”", answers, handed)
            said = part.count('<p class="words">') - answers
            self._same(f"what members say to them, “{question}”", said, put.replies[question])

    def _clip(self) -> None:
        """Where there is one, the coach sees it in the cohort, with what was said to it."""
        put = self.world.put
        if not put.clip:
            return
        page = self._page("coach", f"/cohorts/{put.cohort}/clips")
        for words in (CLIP, *(said for _kind, said in CLIP_REMARKS)):
            if words not in page:
                self.faults.append(f"the cohort's clips do not have “{words}”")
        self._page("coach", f"/clips/{put.clip}")


def _sites_of(kind: str, name: str) -> Sequence[str | None]:
    """The schools of a row; None stands for all people, whichever school is theirs."""
    if kind == "district":
        return [None]
    if kind == "group":
        return sorted(GROUPS[name][1])
    waves = [wave for wave, _title in WAVES]
    if kind == "wave":
        return [school.site for school in SITES if school.wave == waves.index(name)]
    return [name]


def _table(text: str) -> list[dict[str, str]]:
    return [_row(row) for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))]


def _row(row: Mapping[str, str]) -> dict[str, str]:
    return {name: cell or "" for name, cell in row.items()}
