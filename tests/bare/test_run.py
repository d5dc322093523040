"""`tests/bare/run` leaves nothing behind, and nothing of this machine's is removed with its folder."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = ROOT / "tests/bare/run"

# Stands in for debootstrap: it leaves a mount of something precious in the root, as a program that
# was killed in the middle would, and a process that goes on.
DEBOOTSTRAP = """#!/bin/bash
for root in "$@"; do [[ $root == */root ]] && break; done
mkdir -p "$root/mounted"
mount --bind "$PRECIOUS" "$root/mounted"
touch "$root/mounted/seen"
(exec -a "$root" sleep 600) &
{ending}
"""


@pytest.fixture
def bare(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """The script, in the middle of building its Debian, or about to fail at that."""
    unshare = ("unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "none", "/mnt")
    if os.geteuid() or subprocess.run(unshare, check=False, capture_output=True).returncode:
        pytest.skip("needs root that may mount file systems")
    if not (ROOT / ".git").exists():
        pytest.skip("needs a checkout")
    for name in ("commands", "precious", "temporary"):
        (tmp_path / name).mkdir()
    (tmp_path / "precious/letter").touch()
    debootstrap = tmp_path / "commands/debootstrap"
    debootstrap.write_text(DEBOOTSTRAP.format(ending=request.param))
    debootstrap.chmod(0o755)
    own = {
        "PATH": f"{debootstrap.parent}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(tmp_path / "temporary"),
        "PRECIOUS": str(tmp_path / "precious"),
    }
    with subprocess.Popen(
        [RUN, "quick"], env=os.environ | own, start_new_session=True, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        yield program
        program.kill()


def nothing_is_left(folder: Path) -> bool:
    assert (folder / "precious/letter").exists()
    lines = [
        path.read_bytes()
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.exists()  # it may end at any moment
    ]
    return not any(bytes(folder / "temporary") in line for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("bare", ("wait",), indirect=True)
@pytest.mark.parametrize("ending", ("Ctrl-C", "SIGTERM", "SIGKILL"))
def test_whatever_ends_it_ends_all_that_it_started(
    ending: str, bare: subprocess.Popen[str], tmp_path: Path
) -> None:
    while not (tmp_path / "precious/seen").exists():
        assert bare.poll() is None, bare.communicate()[1]
        time.sleep(0.02)
    if ending == "Ctrl-C":
        os.killpg(bare.pid, signal.SIGINT)
        assert bare.wait(60) == 130, bare.communicate()[1]
    elif ending == "SIGTERM":
        bare.terminate()
        assert bare.wait(60) == 143, bare.communicate()[1]
    else:
        bare.kill()
        bare.wait(60)
    deadline = time.monotonic() + 60
    while not nothing_is_left(tmp_path):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    # Who is killed outright can't remove its folder, but then nothing is mounted in it either.
    if ending == "SIGKILL":
        assert not list((tmp_path / "temporary").glob("*/root/mounted/*"))
    else:
        assert not list((tmp_path / "temporary").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("bare", ("echo The mirror is away. >&2; exit 1",), indirect=True)
def test_a_debian_that_can_not_be_built_is_explained_and_removed(
    bare: subprocess.Popen[str], tmp_path: Path
) -> None:
    _, said = bare.communicate(timeout=60)
    assert bare.returncode == 1
    assert "The mirror is away." in said
    assert "Debian could not be built" in said
    assert nothing_is_left(tmp_path)
    assert not list((tmp_path / "temporary").iterdir())
