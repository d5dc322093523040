"""Memory is given back: soon after the start, and then each minute."""

from __future__ import annotations

import subprocess
import sys

from edge_agent.memory import Tidying

SECOND = 1_000_000_000

PROOF = """
import resource
from edge_agent.memory import give_back, share_one_heap

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

share_one_heap()
many = [bytes(2_000) for _ in range(20_000)]
kept = many[::500]
del many
before = resident()
give_back()
print(before - resident())
"""


def test_what_is_free_goes_back_to_the_machine() -> None:
    done = subprocess.run([sys.executable, "-c", PROOF], capture_output=True, text=True, check=True)
    # Of the 40 MB that are free, pages beside what is kept stay.
    assert int(done.stdout) > 30e6


def test_it_is_done_soon_after_the_start_and_then_each_minute() -> None:
    at: list[int] = []
    now_s = 0
    tidying = Tidying(now_ns=7 * SECOND, tidy=lambda: at.append(now_s))
    for now_s in range(7, 200):
        tidying.look(now_s * SECOND)
    assert at == [12, 72, 132, 192]
