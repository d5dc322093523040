"""`roomtone people`: an export and a leaving by whoever runs the server."""

from __future__ import annotations

import io
import json
import stat
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from ingest.purge.log import PurgeLog
from ingest.purge.requests import PersonLeft, PurgeFolder, PurgeRequest
from ingest.stores import open_period_store, open_score_writer
from roomtone.cli import main
from school import open_school
from tests.full_school import (
    ADA,
    ADA_NAME,
    ADA_SIGNS_IN,
    COMING,
    HIDDEN,
    NOTE,
    PAST,
    columns_with,
    fill,
)
from tests.videos import video_settings


@pytest.fixture
def config(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settings of a server with the full school; its lessons are of November 2025."""
    data = tmp_path / "data"
    data.mkdir()
    open_period_store(data).close()
    open_score_writer(data).close()
    fill(data)
    path = tmp_path / "server.toml"
    videos = video_settings(tmp_path_factory.mktemp("videos"))
    path.write_text(f'site = "s"\ndata_dir = "{data}"\n{videos}', encoding="utf-8")
    return path


def data_of(config: Path) -> Path:
    return config.with_name("data")


def run(config: Path, *words: object) -> int:
    return main(["people", *map(str, words), "--config", str(config)])


def test_all_about_someone_who_can_t_sign_in(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "ada.zip"
    assert run(config, "export", ADA_SIGNS_IN, "--out", out) == 0
    assert f"all that is held about {ADA_NAME}" in capsys.readouterr().out
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        folders = {each.split("/")[1] for each in archive.namelist() if "/" in each}
        lessons = {each.partition("-")[2] for each in folders}
        assert lessons == {PAST, HIDDEN, COMING, "ada-deleted"}
        past = next(each for each in folders if each.endswith(PAST))
        content = json.loads(archive.read(f"lessons/{past}/lesson.json"))
        assert content["moments"][0]["note"] == NOTE
        assert content["kept_to_learn_from"][0]["rows"] == [[0, 1, 2], [3, 4, 5]]
        assert "by roomtone people." in archive.read("README.txt").decode()
        account = json.loads(archive.read("account.json"))
        assert account["keeps_answers_to_learn_from"] == [{"teacher": "Ms Quillfeather"}]
    with closing(open_school(data_of(config))) as school:
        sentences = [each.sentence for each in school.audit.of_lesson(PAST, 50)]
        assert f"The command “roomtone people” exported lesson {PAST}" in sentences
        sentences = [each.sentence for each in school.audit.latest(10)]
        assert (
            f"The command “roomtone people” exported all that is held about {ADA_NAME}" in sentences
        )


def test_nothing_is_written_over_and_nobody_unknown_is_exported(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "ada.zip"
    out.write_bytes(b"mine")
    assert run(config, "export", ADA_SIGNS_IN, "--out", out) == 2
    assert "exists" in capsys.readouterr().err
    assert out.read_bytes() == b"mine"
    assert run(config, "export", "nobody", "--out", tmp_path / "b.zip") == 2
    assert "nobody signs in as nobody" in capsys.readouterr().err
    assert run(config, "export", ADA_SIGNS_IN, "--out", tmp_path / "b.txt") == 2
    assert sorted(each.name for each in tmp_path.iterdir()) == ["ada.zip", "data", "server.toml"]


def test_leaving_asks_first_and_says_what_will_happen(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(config, "anonymise", ADA_SIGNS_IN) == 2  # nobody can confirm
    said = capsys.readouterr()
    assert "repeat the command with --yes" in said.err
    for words in (f"the name {ADA_NAME}", "1 session", "4 lessons of", "no program can find it"):
        assert words in said.out, words

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("no\n"))
    assert run(config, "anonymise", ADA_SIGNS_IN) == 1
    assert "Nothing was changed" in capsys.readouterr().out
    assert columns_with(data_of(config), ADA_NAME)
    monkeypatch.setattr(sys, "stdin", Terminal("yes\n"))
    assert run(config, "anonymise", ADA_SIGNS_IN) == 0
    assert not columns_with(data_of(config), ADA_NAME, ADA_SIGNS_IN)
    assert run(config, "anonymise", ADA_SIGNS_IN, "--yes") == 2
    assert run(config, "anonymise", f"left-{ADA}", "--yes") == 2


def test_with_lessons_they_are_purged(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "anonymise", ADA_SIGNS_IN, "--yes", "--delete-lessons") == 0
    assert "Lessons deleted: " in capsys.readouterr().out
    records = [each.request for each in PurgeLog(data_of(config)).verified()]
    gone = {each.lesson for each in records if isinstance(each, PurgeRequest)}
    assert {PAST, HIDDEN, "ada-deleted"} <= gone
    assert ADA in {each.id for each in records if isinstance(each, PersonLeft)}
    with closing(open_school(data_of(config))) as school:
        assert school.people.held.lessons_of(ADA) == []
        assert school.lessons.get("rob-past") is not None
    assert b"quillnote" not in (data_of(config) / "school.db").read_bytes()


def test_what_is_left_to_do_is_finished_by_resume(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with PurgeFolder(data_of(config)).alone():  # as a backup holds it
        assert run(config, "anonymise", ADA_SIGNS_IN, "--yes") == 1
    assert "purge --resume" in capsys.readouterr().out
    assert PurgeLog(data_of(config)).verified() == []
    assert not columns_with(data_of(config), ADA_NAME)
    assert main(["purge", "--resume", "--config", str(config)]) == 0
    assert ADA in {each.request.id for each in PurgeLog(data_of(config)).verified()}
    capsys.readouterr()
    assert main(["purge", "--verify", "--config", str(config)]) == 0
    assert f"the name of person {ADA}, who left" in capsys.readouterr().out
