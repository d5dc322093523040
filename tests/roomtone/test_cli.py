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
        (("demo", "--seed", "-1"), "'-1' is not a whole number from 0 on"),
        (("demo", "--keep", __file__), "can't be used as a folder"),
        (("replay",), "--motion"),
        (("replay", "--motion", "none.parquet", "--from", "nine"), "'nine' is not a time"),
        (("replay", "--motion", "x", "--timezone", "Mars/Base"), "'Mars/Base' is not a time zone"),
        (("replay", "--motion", "x", "--from", "09:00+02:00"), "has a time zone"),
        (("replay", "--motion", "x", "--unit", "miles"), "invalid choice: 'miles'"),
        (("replay", "--motion", "x", "--unit", "counts"), "--unit counts needs --scale"),
        (("replay", "--motion", "x", "--scale", "64"), "--scale goes with --unit counts alone"),
        (("replay", "--motion", "x", "--unit", "counts", "--scale", "nan"), "needs --scale"),
        (("replay", "--motion", "x", "--rate-hz", "19"), "--rate-hz is 19, expected 20 to 400"),
        (("replay", "--motion", "x", "--rate-hz", "nan"), "--rate-hz is nan, expected 20 to 400"),
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


def test_a_server_without_the_training_extra_has_the_commands_that_a_school_uses(
    tmp_path: Path,
) -> None:
    """`roomtone[server]` brings no scikit-learn; what needs it says so in a sentence."""
    without_training = "import sys; sys.modules.update(sklearn=None, scipy=None, skl2onnx=None); "
    program = f"{without_training}from roomtone.cli import main; sys.exit(main(sys.argv[1:]))"

    def call(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            (sys.executable, "-c", program, "model", *arguments),
            check=False, capture_output=True, text=True, cwd=tmp_path,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    code, text = call("card")
    assert (code, text[:14]) == (0, "Off-task model")
    assert "has no school.db" in call("recalibrate", "--data-dir", str(tmp_path))[1]
    assert "score.db" in call("drift", "--data-dir", str(tmp_path))[1]
    code, text = call("evaluate", "--classrooms", "4")
    assert code == 1
    assert "`roomtone model` needs the package s" in text
    assert "install roomtone[train]" in text


@pytest.mark.parametrize(
    ("command", "package", "extra"),
    (
        ("edge", "fastcrc", "edge"), ("faults", "fastcrc", "faults"), ("load", "fastcrc", "faults"), ("demo", "fastcrc", "demo"),
        ("simulate", "fastcrc", "demo"), ("score", "onnxruntime", "server"),
        ("dashboard", "fastapi", "server"),
    ),
)  # fmt: skip
def test_what_is_not_installed_is_named_with_the_extra_that_has_it(
    tmp_path: Path, command: str, package: str, extra: str
) -> None:
    program = (
        f"import sys; sys.modules.update({package}=None); "
        f"from roomtone.cli import main; sys.exit(main(['{command}', '--help']))"
    )
    done = subprocess.run(
        (sys.executable, "-c", program), check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 1
    assert f"`roomtone {command}` needs the package {package}" in done.stderr
    assert f"install roomtone[{extra}]." in done.stderr


def test_a_new_data_directory_is_made_without_a_word(tmp_path: Path) -> None:
    config = tmp_path / "server.toml"
    config.write_text(f'site = "school"\ndata_dir = "{tmp_path}/data"\n')
    done = subprocess.run(
        (sys.executable, "-P", "-m", "roomtone", "lesson", "--config", config, "list"),
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert (tmp_path / "data" / "school.db").exists()
    assert done.stderr == ""


def test_what_a_user_may_not_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A search through a folder of another user's: nothing below has a sentence for it."""

    def refuse(*_: object, **__: object) -> bool:
        raise PermissionError(13, "Permission denied", str(tmp_path / "score.db"))

    monkeypatch.setattr(Path, "exists", refuse)
    monkeypatch.setattr(Path, "is_file", refuse)
    code, error = said(capsys, "model", "drift", "--data-dir", str(tmp_path))
    assert code == 1
    assert error.startswith(f"roomtone: This user has no permission for {tmp_path / 'score.db'}")
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
