"""`roomtone audit`, and what of the audit log the scorer, the backup and the purge keep in order."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from contract.clock import ManualClock
from ingest.backup.copy import Backup
from ingest.backup.restore import Restore
from ingest.doctor.audit import audit_findings
from ingest.purge.maintenance import ScoreUpkeep
from ingest.scoring.service import Scorer
from ingest.settings import ServerSettings
from ingest.stores import open_period_store, open_score_store
from school import open_lesson_store
from school.audit.heads import HEADS, KEY
from school.audit.log import append
from school.audit.names import actor_of, anonymise
from school.audit.records import Event
from school.lessons.records import Lesson
from tests.ingest.school import LevelModel
from tests.school.audit.logged import DAY_S, Log

Command = Callable[..., tuple[int, list[str]]]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").url()
    made = Log(tmp_path / "data", url)
    yield made
    made.database.close()


def config_of(log: Log) -> Path:
    path = log.directory.with_name("server.toml")
    text = (
        f'site = "school"\ndata_dir = "{log.directory}"\n[lessons]\ntime_zone = "Europe/Berlin"\n'
    )
    if log.url is not None:
        text += f'[school]\ndatabase_url = "{log.url.get_secret_value()}"\n'
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def audit(log: Log) -> Command:
    """The command as a person runs it."""
    config = config_of(log)

    def call(*words: str) -> tuple[int, list[str]]:
        done = subprocess.run(
            [sys.executable, "-m", "roomtone", "audit", *words, "--config", str(config)],
            check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        return done.returncode, (done.stdout + done.stderr).splitlines()

    return call


NO_HEAD = (
    "There is no head in audit-heads.log yet, so it is not known whether the newest entries "
    "are all there: `roomtone score` notes one each hour."
)


@pytest.mark.slow
def test_verify_says_that_all_is_whole_or_what_is_not(log: Log, audit: Command) -> None:
    code, said = audit("verify")
    assert (code, said) == (0, ["The audit log is all whole: it has no entry."])
    log.add(3)
    code, said = audit("verify")
    assert code == 0
    assert said == [
        "The audit log is all whole: 3 entries from 2025-10-09 10:53:21 to 2025-10-09 10:53:23.",
        NO_HEAD,
    ]
    log.note_head()
    code, said = audit("verify")
    assert (code, said[1]) == (
        0, "It fits 1 head in audit-heads.log: copy that file elsewhere now and then.",
    )  # fmt: skip
    copy = log.directory.with_name("copy.log")
    copy.write_bytes((log.directory / HEADS).read_bytes())
    (log.directory / HEADS).write_bytes(b"")  # as somebody does who wants none of it known
    assert audit("verify", "--heads", str(copy))[1][1] == f"It fits 1 head in {copy}."
    code, said = audit("verify", "--heads", str(copy.with_name("none")))
    assert (code, "which is no file" in said[0]) == (2, True)
    code, said = audit("verify")
    assert (code, "is missing or empty, though audit-key has signed" in said[0]) == (1, True)
    copy.replace(log.directory / HEADS)
    (log.directory / KEY).unlink()
    code, said = audit("verify")
    assert code == 1
    assert "audit-key is missing, so no signature can be checked" in said[0]
    assert said[1:] == ["The audit log is not as it was written: 1 thing wrong."]


@pytest.mark.slow
def test_list_says_entries_in_plain_words(log: Log, audit: Command) -> None:
    log.add(2)
    log.add(1, who="kim", lesson=None)
    with log.database.recording() as connection:
        ada, kim = (actor_of(connection, who, f"{who.title()} Okafor") for who in ("ada", "kim"))
        append(
            connection,
            Event(
                at_utc_ns=log.clock.utc_ns(), actor=ada, action="shared", thing="person",
                thing_id=kim, lesson="maths-1", detail={"days": 14},
            ),
        )  # fmt: skip
    later = (
        " (a later version of Roomtone says more about it)"  # the log to test has words of its own
    )
    lines = {
        1: f"1  2025-10-09 10:53:21  Ada Okafor looked at lesson maths-1{later}",
        2: f"2  2025-10-09 10:53:22  Ada Okafor looked at lesson maths-1{later}",
        3: f"3  2025-10-09 10:53:23  Kim Okafor looked at lesson art-1{later}",
        4: "4  2025-10-09 10:53:23  Ada Okafor shared lesson maths-1 with Kim Okafor for 14 days",
    }
    for words, numbers in (
        ((), (1, 2, 3, 4)), (("--last", "2"), (3, 4)), (("--lesson", "maths-1"), (1, 2, 4)),
        (("--person", "Kim Okafor"), (3, 4)),
        (("--person", "Kim Okafor", "--lesson", "maths-1"), (4,)), (("--lesson", "x"), ()),
    ):  # fmt: skip
        assert audit("list", *words) == (0, [lines[number] for number in numbers])
    with log.database.recording() as connection:
        anonymise(connection, "kim")
    code, said = audit("list", "--last", "1")
    assert said == [lines[4].replace("Kim Okafor", "a person who left")]
    code, said = audit("list", "--person", "Kim Okafor")
    assert code == 2
    assert "the audit log knows nobody named 'Kim Okafor'" in said[0]
    code, said = audit("list", "--last", "0")
    assert code == 2


@pytest.mark.slow
def test_a_wrong_data_directory_is_not_whole(tmp_path: Path) -> None:
    config = tmp_path / "server.toml"
    config.write_text(f'site = "s"\ndata_dir = "{tmp_path / "none"}"\n', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "roomtone", "audit", "verify", "--config", str(config)],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2
    assert "has no school.db; check `data_dir`." in done.stderr
    assert not (tmp_path / "none").exists()


def settings_of(log: Log, **retention: int) -> ServerSettings:
    school = {} if log.url is None else {"database_url": log.url}
    return ServerSettings.checked(
        {"site": "s", "data_dir": log.directory, "school": school, "retention": retention},
        where="",
    )


def test_the_scorer_retires_entries_at_their_age(log: Log) -> None:
    log.add(4)
    log.note_head()
    log.clock.advance(39 * DAY_S)
    log.add(1)
    with closing(open_score_store(log.directory)) as scores:
        upkeep = ScoreUpkeep(
            settings=settings_of(log, audit_days=40), clock=log.clock, scores=scores,
            audit=log.upkeep,
        )  # fmt: skip
        for hours, left in ((1, 5), (DAY_S // 3_600, 1)):
            log.clock.advance(hours * 3_600)
            for _ in range(20):
                upkeep.step()
            assert log.verdict().entries == left
    assert log.verdict().faults == []
    assert log.verdict().removed == 4


@pytest.mark.slow
def test_a_scorer_that_runs_notes_heads(log: Log) -> None:
    open_period_store(log.directory).close()
    log.add(2)
    stop = threading.Event()

    class Fast(ManualClock):
        """Some minutes pass at each look."""

        def elapsed_ns(self) -> int:
            self.advance(300)
            if (log.directory / HEADS).exists() or self.now_ns > 10**15:
                stop.set()
            return self.now_ns

    Scorer(settings=settings_of(log), model=LevelModel(), clock=Fast()).run(stop)
    verdict = log.verdict()
    assert (verdict.faults, verdict.heads) == ([], 1)


def test_a_purged_lesson_keeps_its_entries(log: Log) -> None:
    maths = Lesson(
        id="maths-1", room="room-a", teacher="ada", title="Fractions", starts_utc_ns=1,
        ends_utc_ns=2, source="button",
    )  # fmt: skip
    log.add(2)
    with closing(open_lesson_store(log.directory, log.url)) as lessons:
        lessons.put(maths)
        now_ns = log.clock.utc_ns()
        for _ in range(2):  # the second time, as after an interruption, there is nothing to record
            lessons.purge(lessons=["maths-1", "never-there"], purged_utc_ns=now_ns)
    verdict = log.verdict()
    assert (verdict.faults, verdict.entries) == ([], 3)


def test_a_backup_has_the_log_with_its_heads_and_key(tmp_path: Path) -> None:
    log = Log(tmp_path / "data")
    open_period_store(log.directory).close()
    log.add(5)
    log.note_head()
    log.clock.advance(800 * DAY_S)
    assert log.retire(most=2) == 2
    log.add(2)
    log.note_head()
    Backup(
        data_dir=log.directory, target=tmp_path / "b.tar", clock=ManualClock(), say=lambda _: None
    ).run()
    log.database.close()
    Restore(
        source=tmp_path / "b.tar", data_dir=tmp_path / "restored", purges=None,
        clock=ManualClock(), say=lambda _: None,
    ).run()  # fmt: skip
    there = Log(tmp_path / "restored")
    with closing(there.database):
        verdict = there.verdict()
        assert (verdict.faults, verdict.entries, verdict.heads) == ([], 5, 2)
        for name in (KEY, HEADS):
            assert (there.directory / name).stat().st_mode & 0o777 == 0o600


def test_a_head_that_comes_during_a_backup_is_no_cut_tail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log(tmp_path / "data")
    open_period_store(log.directory).close()
    log.add(2)
    log.note_head()
    copy_days = Backup._copy_days

    def meanwhile(backup: Backup) -> None:
        # school.db is copied by then, and the entries that come are not in the copy.
        log.add(2)
        log.note_head()
        copy_days(backup)

    monkeypatch.setattr(Backup, "_copy_days", meanwhile)
    Backup(
        data_dir=log.directory, target=tmp_path / "b", clock=ManualClock(), say=lambda _: None
    ).run()  # fmt: skip
    assert log.verdict().heads == 2
    log.database.close()
    there = Log(tmp_path / "b")
    with closing(there.database):
        verdict = there.verdict()
        assert (verdict.faults, verdict.entries, verdict.heads) == ([], 2, 1)


def found(log: Log) -> list[tuple[str, str]]:
    findings = audit_findings(settings_of(log), log.clock.utc_ns())
    return [(each.state, each.said) for each in findings]


def test_the_doctor_looks_at_key_and_heads(log: Log) -> None:
    assert found(log) == [("fine", "ends with entry 0")]
    log.add(3)
    assert found(log) == [("fine", "ends with entry 3")]
    log.clock.advance(3 * 3_600 + 1)
    (late,) = found(log)
    assert late[0] == "note"
    assert late[1].startswith("no head in audit-heads.log covers entry 1 of 2025-10-09T08:53:21Z")
    log.note_head()
    assert found(log) == [("fine", "ends with entry 3, noted up to entry 3 in audit-heads.log")]
    (log.directory / KEY).chmod(0o640)
    assert found(log)[0] == ("wrong", "others than its owner have rights to audit-key")
    (log.directory / KEY).unlink()
    assert found(log)[0] == ("wrong", "audit-key is missing, and audit-heads.log is signed with it")
    (log.directory / KEY).write_bytes(b"short")
    (broken,) = found(log)
    assert "is no key: it has 5 bytes" in broken[1]


def test_the_doctor_finds_a_cut_tail(log: Log, tmp_path: Path) -> None:
    log.add(3)
    log.note_head()
    before = Log(tmp_path / "other")
    for name in (KEY, HEADS):
        (before.directory / name).write_bytes((log.directory / name).read_bytes())
    (before.directory / KEY).chmod(0o600)
    with closing(before.database):
        assert found(before) == [
            ("wrong", "ends with entry 0, and audit-heads.log noted entry 3")
        ]  # fmt: skip


def test_audit_days_have_a_lower_bound() -> None:
    with pytest.raises(ValueError, match="audit_days"):
        ServerSettings.checked({"site": "s", "retention": {"audit_days": 29}}, where="here")
    assert ServerSettings(site="s").retention.audit_days == 730
