"""What a person meets who types something wrong: one sentence, and the right exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from roomtone.cli import COMMANDS, main


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = int(stop.code or 0)
    return code, capsys.readouterr().err


@pytest.mark.parametrize("command", tuple(COMMANDS))
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert not stop.value.code
    assert len(capsys.readouterr().out) > 200


@pytest.mark.parametrize(
    ("arguments", "says"),
    (
        ((), "COMMAND"),
        (("fly",), "invalid choice: 'fly'"),
        (("demo", "--minutes", "soon"), "'soon' is not a number of minutes"),
        (("demo", "--speed", "0"), "'0' is not a number above 0"),
        (("demo", "--port", "99999"), "'99999' is not a port"),
        (("demo", "--scenario", "zoo"), "'zoo'"),
        (("replay",), "--motion"),
        (("replay", "--motion", "none.parquet", "--from", "nine"), "'nine' is not a time"),
        (("replay", "--motion", "x", "--timezone", "Mars/Base"), "'Mars/Base' is not a time zone"),
        (("edge", "--config", "none.toml"), "none.toml"),
        (("ingest", "--config", "none.toml"), "none.toml"),
        (("score", "--config", "none.toml"), "none.toml"),
        (("dashboard", "--config", "none.toml"), "none.toml"),
    ),
)
def test_bad_arguments_get_one_sentence_and_code_2(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, error = said(capsys, *arguments)
    assert code == 2
    assert says in error
    assert "Traceback" not in error
    assert error.count("\n") == 1


def test_a_recording_that_is_not_there_fails_at_run_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, error = said(capsys, "replay", "--motion", str(tmp_path / "none.parquet"))
    assert code == 1
    assert "There is no recording at" in error


def test_help_imports_no_program() -> None:
    """A Pi has no web server; its help must work all the same."""
    script = (
        "import sys; from roomtone.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'fastapi', 'numpy', 'serial', 'sklearn', 'onnxruntime'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
