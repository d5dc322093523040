"""The cache of drawn lessons: equal to drawing, never damaged, and found by what decides it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.lesson import LabelledLesson
from roomtone.model_cli import drawing, lesson_cache
from roomtone.model_cli.drawing import draw_lessons
from roomtone.model_cli.lesson_cache import DrawnLesson, LessonCache, cache_folder

MakeLesson = Callable[..., LabelledLesson]


@pytest.fixture
def drawn(make_lesson: MakeLesson) -> DrawnLesson:
    lesson = make_lesson(4, seconds=60)
    lesson.seat[3:9, 2] = np.nan
    return DrawnLesson(
        lesson=lesson, movement=lesson.kind, very_lively=np.arange(len(lesson.seats)) < 3
    )


@pytest.fixture
def cache(tmp_path: Path) -> LessonCache:
    return LessonCache(folder=tmp_path / "cache")


def assert_same(one: Any, other: Any) -> None:
    for field in fields(one):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype
            np.testing.assert_array_equal(mine, theirs)
        elif isinstance(mine, LabelledLesson):
            assert_same(mine, theirs)
        else:
            assert mine == theirs


def test_a_lesson_comes_back_as_it_was_drawn(cache: LessonCache, drawn: DrawnLesson) -> None:
    assert cache.read("bouts", 4) is None
    cache.write("bouts", 4, drawn)
    once = cache.read("bouts", 4)
    assert once is not None
    cache.write("bouts", 5, once)  # rounded to what a store keeps by now, as a drawn lesson is
    again = cache.read("bouts", 5)
    assert again is not None
    assert_same(again, once)
    assert once.lesson.zones == drawn.lesson.zones
    assert np.isnan(once.lesson.seat[3:9, 2]).all()


@pytest.mark.parametrize("other", (("bouts", 5), ("autoregressive", 4)))
def test_another_seed_or_behaviour_is_another_lesson(
    cache: LessonCache, drawn: DrawnLesson, other: tuple[str, int]
) -> None:
    cache.write("bouts", 4, drawn)
    assert cache.read(*other) is None
    (path,) = cache.folder.iterdir()
    path.rename(cache._path(*other))
    assert cache.read(*other) is None


def test_another_generator_draws_again(
    cache: LessonCache, drawn: DrawnLesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.write("bouts", 4, drawn)
    monkeypatch.setattr(lesson_cache, "_generator", lambda: "another")
    assert cache.read("bouts", 4) is None


def test_the_digest_has_every_source_of_the_generator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Package:
        __path__ = (str(tmp_path / "generator"),)

    source = tmp_path / "generator" / "behaviour" / "bouts.py"
    source.parent.mkdir(parents=True)
    source.write_text("LENGTH = 30\n")
    monkeypatch.setattr(lesson_cache, "simulators", Package)
    digest: Callable[[], str] = lesson_cache._generator.__wrapped__
    before = digest()
    assert digest() == before
    source.write_text("LENGTH = 40\n")
    assert digest() != before


@pytest.mark.parametrize("kept", (0, 1, 100, -1))
def test_a_damaged_file_counts_as_missing(
    cache: LessonCache, drawn: DrawnLesson, kept: int
) -> None:
    cache.write("bouts", 4, drawn)
    (path,) = cache.folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:kept])
    assert cache.read("bouts", 4) is None
    changed = bytearray(whole)
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)
    assert cache.read("bouts", 4) is None
    cache.write("bouts", 4, drawn)
    assert cache.read("bouts", 4) is not None


@pytest.mark.parametrize("foreign", (b"", b"PK\x03\x04", b"x" * 5000))
def test_a_foreign_file_counts_as_missing(cache: LessonCache, foreign: bytes) -> None:
    cache.folder.mkdir()
    cache._path("bouts", 4).write_bytes(foreign)
    assert cache.read("bouts", 4) is None
    cache._path("bouts", 5).mkdir()
    assert cache.read("bouts", 5) is None


def test_every_changed_byte_is_noticed(cache: LessonCache, drawn: DrawnLesson) -> None:
    cache.write("bouts", 4, drawn)
    (path,) = cache.folder.iterdir()
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    for at in [*range(0, 400, 3), *rng.integers(0, len(whole), 100).tolist()]:
        changed = bytearray(whole)
        changed[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        assert cache.read("bouts", 4) is None


def test_a_folder_that_can_only_be_read_is_read(
    cache: LessonCache, drawn: DrawnLesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    cache.write("bouts", 4, drawn)
    monkeypatch.setattr(Path, "touch", refused)
    assert cache.read("bouts", 4) is not None


def test_a_write_that_fails_leaves_nothing(
    cache: LessonCache, drawn: DrawnLesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int, mode: str) -> Any:
        os.close(handle)
        del mode
        return Path("/dev/full").open("wb", buffering=0)

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(OSError, match="No space"):
        cache.write("bouts", 4, drawn)
    assert list(cache.folder.iterdir()) == []


def test_lessons_that_were_used_last_are_kept(
    cache: LessonCache, drawn: DrawnLesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lesson_cache, "_MAX_LESSONS", 2)
    for seed in range(4):
        cache.write("bouts", seed, drawn)
        os.utime(cache._path("bouts", seed), (seed, seed))
    abandoned, fresh = cache.folder / "a.part", cache.folder / "b.part"
    for path in (abandoned, fresh):
        path.touch()
    os.utime(abandoned, (1, 1))
    assert cache.read("bouts", 0) is not None
    cache.remove_old()
    assert [cache.read("bouts", seed) is not None for seed in range(4)] == [
        True,
        False,
        False,
        True,
    ]
    assert not abandoned.exists()
    assert fresh.exists()
    LessonCache(folder=cache.folder / "none").remove_old()


def test_the_folder_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "roomtone" / "lessons"
    for unset in ("", "not/absolute"):
        monkeypatch.setenv("XDG_CACHE_HOME", unset)
        monkeypatch.setenv("HOME", "/home/ada")
        assert cache_folder() == Path("/home/ada/.cache/roomtone/lessons")


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert drawing._cache() is None
    monkeypatch.setattr(Path, "home", lambda: Path("ada"))
    assert drawing._cache() is None


@pytest.mark.slow
def test_drawing_from_the_cache_gives_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    seed = 77_000_000
    plain, _ = drawing._draw(seed, behaviour="bouts", cache=None)
    cache = LessonCache(folder=cache_folder())
    first, problem = drawing._draw(seed, behaviour="bouts", cache=cache)
    assert problem is None
    monkeypatch.setattr(drawing, "_drawn", None)  # nothing is drawn again
    again, _ = drawing._draw(seed, behaviour="bouts", cache=cache)
    assert len(list(cache_folder().iterdir())) == 1
    for one in (first, again):
        assert_same(one.lesson, plain.lesson)
        np.testing.assert_array_equal(one.rows.values, plain.rows.values)
        np.testing.assert_array_equal(one.known.values, plain.known.values)
        np.testing.assert_array_equal(one.very_lively, plain.very_lively)
    monkeypatch.undo()
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (unkept,) = draw_lessons(1, 77)
    assert_same(unkept.lesson, plain.lesson)
    assert "can't be kept for the next time" in capsys.readouterr().err
