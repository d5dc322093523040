"""The benchmark of features judges groups that were not learned from, by the worst case."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import bench_features  # noqa: PLC0415  # a script, not a package

    return bench_features


def test_the_worst_task_decides(bench: ModuleType) -> None:
    def task(uneven: float, even: float) -> dict[str, dict[str, dict[str, float]]]:
        return {"as learned": {"uneven": {"quality": uneven}, "even": {"quality": even}}}

    found = bench.regrets({"one": task(0.99, 0.95), "other": task(0.6, 0.8)})
    assert list(found) == ["even", "uneven"]
    assert found["even"] == (pytest.approx(0.04), "one, as learned")
    assert found["uneven"] == (pytest.approx(0.2), "other, as learned")


def test_without_recordings_nothing_is_measured(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench_features.py", "--recordings", "/nowhere", "--json"])
    assert bench.main() == 0
    assert '"features": {}' in capsys.readouterr().out
