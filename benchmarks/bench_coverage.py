"""How much of a district's coverage may be shown, and how long it takes to decide on that.

    python benchmarks/bench_coverage.py [--schools N] [--json]

Schools have 6 to 70 teachers, a third of whom have a running cycle. Groups of schools overlap at
random, waves of a roll-out part all schools. And how long interview notes take to be checked for names.
"""

from __future__ import annotations

import argparse
import json
import random
import time

from school.evaluation.names import Names
from school.programme.coverage import coverage_rows
from school.programme.records import SchoolGroup

_SEED = 17
_GROUPS = 20
_WAVES = 4
_WORDS = 100_000


def _coverage(schools: int, draw: random.Random) -> dict[str, float]:
    sites = [f"s{number}" for number in range(schools)]
    sites_of = {f"{site}-{at}": site for site in sites for at in range(draw.randint(6, 70))}
    with_cycle = {person for person in sites_of if draw.random() < 1 / 3}
    groups = [
        SchoolGroup(
            name=f"g{at}", title=f"g{at}", sites=frozenset(draw.sample(sites, max(1, schools // 5)))
        )
        for at in range(_GROUPS)
    ]
    waves = [
        SchoolGroup(name=f"w{at}", title=f"w{at}", sites=frozenset(sites[at::_WAVES]))
        for at in range(_WAVES)
    ]
    titles = {site: site for site in sites}
    figures: dict[str, float] = {"teachers": len(sites_of)}
    for name, chosen in (("waves alone", []), ("groups that overlap", groups)):
        began = time.process_time()
        rows = coverage_rows(list(sites_of), with_cycle, [], sites_of, chosen, titles, waves)
        figures[f"{name}: cpu_s"] = round(time.process_time() - began, 3)
        for kind in ("group", "wave", "school"):
            of_kind = [row for row in rows if row.kind == kind]
            figures[f"{name}: rows of {kind}s"] = sum(row.teachers is not None for row in of_kind)
            figures[f"{name}: shares of {kind}s"] = sum(
                row.with_cycle is not None for row in of_kind
            )
    return figures


def _notes(people: int, draw: random.Random) -> dict[str, float]:
    def word() -> str:
        return "".join(draw.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(7))

    names = Names([f"{word().title()} {word().title()}" for _ in range(people)])
    text = "\n".join(" ".join(word() for _ in range(12)) for _ in range(_WORDS // 12))
    began = time.process_time()
    names.places(text)
    return {f"names in {_WORDS} words: cpu_s": round(time.process_time() - began, 2)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schools", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    draw = random.Random(_SEED)
    figures = _coverage(args.schools, draw)
    figures |= _notes(int(figures["teachers"]), draw)
    if args.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:44}{value:>12}")


if __name__ == "__main__":
    main()
