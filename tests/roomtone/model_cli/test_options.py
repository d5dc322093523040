"""The model's commands find labels where the server's settings say that they are."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from roomtone.model_cli.labels import labelled_moments
from roomtone.model_cli.options import add_school_option, database_url
from school import open_lesson_store
from school.lessons.records import Lesson
from school.moments.records import Label, Verdict
from tests.postgres_server import PostgresServer


def asked(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_school_option(parser)
    return parser.parse_args(words)


def test_without_settings_it_is_school_db() -> None:
    assert database_url(asked()) is None


@pytest.mark.postgres
def test_labels_in_postgres_are_learned_from(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    config = tmp_path / "server.toml"
    config.write_text(
        f'site = "s"\n[school]\ndatabase_url = "{postgres_server.url().get_secret_value()}"\n'
    )
    url = database_url(asked("--config", str(config)))
    with closing(open_lesson_store(tmp_path, url)) as store:
        lesson = Lesson(
            id="maths", room="r1", teacher="Ada", title="", starts_utc_ns=1, ends_utc_ns=2,
            source="button",
        )  # fmt: skip
        store.put(lesson)
        store.keep_labels("Ada")
        said = Verdict(
            lesson="maths", moment="m", by="ada", role="teacher", is_confirmed=True, kind="lively",
            zone="room", start_s=0, end_s=5,
        )  # fmt: skip
        label = Label(
            lesson="maths", moment="m", by="ada", role="teacher", is_confirmed=True, kind="lively",
            is_room=True, utc_ns=1, model="m1", features_version="f1", rows=np.ones((2, 3)),
        )  # fmt: skip
        store.put_verdict(said, label)
    (found,) = labelled_moments(tmp_path, url)
    assert (found.lesson, found.in_episode, found.model) == ("maths", True, "m1")
    assert not (tmp_path / "school.db").exists()
