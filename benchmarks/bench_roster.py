"""How long a large district's roster takes to read, nearly all of it pupils who are dropped.

    python benchmarks/bench_roster.py [--pupils N] [--json]

Each pupil has six enrolments, and there is a teacher to twenty pupils. Processor time and the peak of
memory while it is read; the archive is written by another process, so that its making does not count.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from datetime import date
from pathlib import Path

from school.roster.reading import read_roster
from school.roster.records import Roster
from school.roster.zip_file import ZipRoster

_FILES = ("orgs", "users", "enrollments", "academicSessions", "courses", "classes")


def _write(path: Path, pupils: int) -> None:
    manifest = ["oneroster.version,1.1", *(f"file.{file},bulk" for file in _FILES)]
    teachers = range(pupils // 20)
    users = [
        "sourcedId,status,enabledUser,orgSourcedIds,role,username,givenName,familyName,email",
        *(f"p{i},,true,s,student,p{i},Given,Family{i},p{i}@school.example" for i in range(pupils)),
        *(f"t{i},,true,s,teacher,t{i},Given,Family{i},t{i}@school.example" for i in teachers),
    ]
    enrolments = [
        "sourcedId,status,classSourcedId,userSourcedId,role,primary",
        *(f"t{i},,c,t{i},teacher,true" for i in teachers),
        *(f"e{i},,c,p{i % pupils},student,false" for i in range(6 * pupils)),
    ]
    texts = {
        "manifest": manifest,
        "orgs": ["sourcedId,name,type", "s,School,school"],
        "academicSessions": ["sourcedId,title,type,startDate,endDate"],
        "courses": ["sourcedId,title", "k,Course"],
        "classes": [
            "sourcedId,title,courseSourcedId,schoolSourcedId,termSourcedIds",
            "c,Class,k,s,",
        ],
        "users": users,
        "enrollments": enrolments,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, lines in texts.items():
            made.writestr(f"{name}.csv", "\n".join(lines) + "\n")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pupils", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.write is not None:
        _write(args.write, args.pupils)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "roster.zip"
        words = (sys.executable, __file__, "--pupils", str(args.pupils), "--write", str(path))
        subprocess.run(words, check=True)
        before_mb, began = _peak_mb(), time.process_time()
        with ZipRoster(path) as source:
            reading = read_roster(source, Roster(), date(2026, 11, 30))
        figures = {
            "pupils": reading.counts.pupils,
            "enrolments of pupils": reading.counts.pupils_enrolments,
            "teachers": len(reading.roster.of("users")),
            "archive_mb": round(path.stat().st_size / 1e6, 1),
            "cpu_s": round(time.process_time() - began, 2),
            "more_memory_mb": round(_peak_mb() - before_mb, 1),
        }
    if args.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:24}{value:>12}")


if __name__ == "__main__":
    main()
