"""What the rooms' page says of databases that get a copy."""

from __future__ import annotations

from pathlib import Path

from dashboard_api.rooms.replica_sentences import replica_sentences
from ingest.replicas.status import (
    STALE_NS,
    ReplicasStatus,
    ReplicaStatus,
    read_status,
    write_status,
)

NOW = 1_760_000_000_000_000_000


def status(*replicas: ReplicaStatus) -> ReplicasStatus:
    return ReplicasStatus(utc_ns=NOW, replicas=replicas)


def test_where_all_is_well_nothing_is_said() -> None:
    assert replica_sentences(None, NOW) == []
    assert replica_sentences(status(), NOW + 2 * STALE_NS) == []
    assert replica_sentences(status(ReplicaStatus(name="lab", lag_s=4)), NOW) == []


def test_each_trouble_is_one_sentence_with_the_databases_words() -> None:
    bad = ReplicaStatus(
        name="lab", trouble="lab: its disk is full.", clock="lab: its clock is 2.0 h behind",
        refusal="lab refuses points, and says “conflict”.", aside=3,
    )  # fmt: skip
    full, clock, refused = replica_sentences(status(ReplicaStatus(name="fine"), bad), NOW)
    assert "lab gets no copies at the moment" in full
    assert "its disk is full" in full
    assert "2.0 h behind" in clock
    assert "“conflict”" in refused


def test_one_that_catches_up_says_how_far_behind_it_is() -> None:
    late = ReplicaStatus(name="lab", lag_s=7_500)
    assert replica_sentences(status(late), NOW) == [
        "The database lab is 2 h 5 min behind what is kept."
    ]


def test_a_program_that_does_not_run_is_noticed() -> None:
    (said,) = replica_sentences(status(ReplicaStatus(name="lab")), NOW + STALE_NS + 1)
    assert "“roomtone replicate” does not run" in said


def test_a_status_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_status(tmp_path) is None
    written = status(ReplicaStatus(name="lab", trouble="x", aside=1, dropped=2))
    write_status(tmp_path, written)
    assert read_status(tmp_path) == written
    (tmp_path / "replicas" / "status.json").write_text("{half")
    assert read_status(tmp_path) is None
