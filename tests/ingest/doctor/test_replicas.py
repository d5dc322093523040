"""What the doctor says of databases that get a copy."""

from __future__ import annotations

from pathlib import Path

from ingest.doctor.replicas import replica_findings
from ingest.replicas.progress import Progress
from ingest.replicas.status import ReplicasStatus, ReplicaStatus, write_status
from ingest.settings import ServerSettings

NOW = 1_760_000_000_000_000_000


def settings(data_dir: Path, **replica: object) -> ServerSettings:
    table = {
        "name": "lab", "kind": "influxdb2", "url": "https://influx", "what": "lessons", **replica
    }  # fmt: skip
    return ServerSettings.checked(
        {"site": "school", "data_dir": data_dir, "replicate": {"health_port": 0},
         "replicas": [table]},
        where="test",
    )  # fmt: skip


def said(server: ServerSettings, *replicas: ReplicaStatus) -> list[tuple[str, str]]:
    if replicas:
        write_status(server.data_dir, ReplicasStatus(utc_ns=NOW, replicas=replicas))
    found = list(replica_findings(server, NOW))
    assert all(each.advice or each.state == "fine" for each in found)
    return [(each.state, each.said) for each in found if each.about == "replica lab"]


def test_a_server_without_replicas_hears_nothing(tmp_path: Path) -> None:
    server = ServerSettings(site="school", data_dir=tmp_path)
    assert list(replica_findings(server, NOW)) == []


def test_a_replica_that_works_and_one_that_fails(tmp_path: Path) -> None:
    server = settings(tmp_path)
    assert said(server) == []
    assert said(server, ReplicaStatus(name="lab")) == [("fine", "takes what is sent")]
    failing = ReplicaStatus(name="lab", trouble="lab: its disk is full.", aside=2, refusal="why.")
    assert said(server, failing) == [
        ("wrong", "lab: its disk is full"), ("note", "has refused 2 points: why"),
    ]  # fmt: skip
    assert said(server, ReplicaStatus(name="lab", lag_s=900))[0][0] == "note"
    assert ("wrong", "has a clock that is off") in said(
        server, ReplicaStatus(name="lab", clock="x")
    )


def test_a_token_that_is_missing_and_a_connection_that_others_read(tmp_path: Path) -> None:
    ((state, sentence),) = said(settings(tmp_path, token_file=tmp_path / "none"))
    assert state == "wrong"
    assert "none" in sentence
    ((state, sentence),) = said(settings(tmp_path, url="http://10.0.0.1:8086"))
    assert state == "note"
    assert "without encryption" in sentence
    assert said(settings(tmp_path, url="http://127.0.0.1:8086")) == []


def test_a_replica_that_left_the_settings_is_noted(tmp_path: Path) -> None:
    Progress(tmp_path, "old").close()
    (finding,) = replica_findings(ServerSettings(site="school", data_dir=tmp_path), NOW)
    assert finding.about == "replica old"
    assert finding.state == "note"
