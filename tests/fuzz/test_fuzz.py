"""A bounded time of fuzzing for each parser, and its good examples through the same target."""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

HERE = Path(__file__).parent
NAMES = ("serial", "mqtt", "outbox", "store")
SECONDS = 8

_spec = importlib.util.spec_from_file_location("fuzz_parsers", HERE / "parsers.py")
assert _spec is not None
assert _spec.loader is not None
parsers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(parsers)


@pytest.mark.parametrize("name", NAMES)
def test_good_examples_pass(name: str) -> None:
    seeds = parsers.SEEDS[name]()
    assert seeds
    for seed in seeds:
        parsers.TARGETS[name](seed)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_damaged_examples_are_refused_or_read(name: str, data: st.DataObject) -> None:
    seed = bytearray(data.draw(st.sampled_from(parsers.SEEDS[name]())))
    for _ in range(data.draw(st.integers(1, 4))):
        seed[data.draw(st.integers(0, len(seed) - 1))] = data.draw(st.integers(0, 255))
    parsers.TARGETS[name](bytes(seed[: data.draw(st.integers(0, len(seed)))]))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None and platform.machine() != "x86_64",
    reason="atheris has wheels for x86-64 alone",
)
def test_nothing_is_found_in_a_bounded_time(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "fuzz.py"), name, f"-max_total_time={SECONDS}", "-max_len=600"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done" in done.stderr
