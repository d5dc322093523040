"""A bounded time of fuzzing for each parser, and its good examples through the same target."""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

HERE = Path(__file__).parent
NAMES = ("serial", "mqtt", "outbox", "store")
SECONDS = 16

_spec = importlib.util.spec_from_file_location("fuzz_parsers", HERE / "parsers.py")
assert _spec is not None
assert _spec.loader is not None
parsers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(parsers)


Fuzzing = tuple[subprocess.Popen[bytes], Path]


@pytest.fixture(scope="module")
def fuzzing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Fuzzing]]:
    """All targets at once: each is one thread, and machines have several processors."""
    with ExitStack() as running:

        def begin(name: str) -> Fuzzing:
            folder = tmp_path_factory.mktemp(f"fuzz-{name}")
            log = folder / "log"
            corpus = folder / "corpus"
            corpus.mkdir()
            words = [name, f"-max_total_time={SECONDS}", "-max_len=600", str(corpus)]
            with log.open("wb") as output:
                program = subprocess.Popen(
                    [sys.executable, str(HERE / "fuzz.py"), *words],
                    cwd=folder, stdout=subprocess.DEVNULL, stderr=output,
                )  # fmt: skip
            running.callback(program.wait)
            running.callback(program.kill)
            return program, log

        yield {name: begin(name) for name in NAMES}


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


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None and platform.machine() != "x86_64",
    reason="atheris has wheels for x86-64 alone",
)
def test_nothing_is_found_in_a_bounded_time(name: str, fuzzing: dict[str, Fuzzing]) -> None:
    program, log = fuzzing[name]
    program.wait()
    said = log.read_text(errors="replace")
    assert program.returncode == 0, said[-3000:]
    assert "Done" in said
