"""Workers do their work, and end with the process that started them, however it ends."""

from __future__ import annotations

import operator
import os
import signal
import subprocess
import sys
from multiprocessing import connection

import pytest

from models.learning.workers import map_shared, worker_pool

ASK = """
import sys, time
from models.learning.workers import worker_pool
if __name__ == "__main__":
    pool = worker_pool(1)
    print(pool.submit(__import__("os").getpid).result(), flush=True)
    time.sleep(600)
"""


def test_work_is_done_in_other_processes() -> None:
    with worker_pool(2) as pool:
        assert set(pool.map(abs, range(-3, 3))) == {0, 1, 2, 3}
        assert pool.submit(os.getpid).result() != os.getpid()


@pytest.mark.parametrize("rows", (10, 1_000_000))
def test_shared_data_reaches_every_call(rows: int) -> None:
    assert list(map_shared(operator.add, 10, range(4), rows=rows)) == [10, 11, 12, 13]


def test_a_worker_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", ASK], stdout=subprocess.PIPE, text=True) as asker:
        assert asker.stdout is not None
        worker = os.pidfd_open(int(asker.stdout.readline()))
        try:
            assert not connection.wait([worker], timeout=0)
            asker.send_signal(signal.SIGKILL)
            assert connection.wait([worker], timeout=60)
        finally:
            os.close(worker)
