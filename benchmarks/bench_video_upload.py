"""What uploading a video costs the server: its processor time, encryption included.

    python benchmarks/bench_video_upload.py [--json] [--megabytes 1024] [--rounds 3]

The real dashboard, in a process of its own, gets a video by tus in parts of 16 MiB, as the page sends
them. Its floor is the same bytes in the same parts to the same server (uvicorn with our protocol) that
writes them to a plain file and calls fdatasync for each part. The time is that of the
server's process, user and system, the least of all rounds; both are measured in turn. Beside it: AES-GCM
alone over the same bytes in segments of 1 MiB.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from support.child_process import cpu_s

from contract.clock import SECOND_NS
from dashboard_api.app import create_app
from dashboard_api.command import guarded_server
from dashboard_api.settings import DashboardSettings
from school import open_school
from school.lessons.records import Lesson
from school.video.records import consent_hash
from school.video.sealing import SEGMENT_BYTES, STRIDE, Sealing
from school.video.settings import VideoSettings
from tests.signed_in import cookie_of_all, header

ROOT: Final = Path(__file__).parents[1]
PART: Final = 16 << 20
HEAD: Final = b"\0\0\0\x18ftypisom"
BLOCK: Final = HEAD + os.urandom(PART - len(HEAD))
TUS: Final = {"Tus-Resumable": "1.0.0", "Sec-Fetch-Site": "same-origin"}
CONSENT: Final = base64.b64encode(consent_hash(VideoSettings().consent_text).encode()).decode()


def plain_app(path: Path) -> Any:
    """The floor: an application that writes each body to the end of one file."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        with path.open("ab", buffering=0) as file:
            more = True
            while more:
                message = await receive()
                file.write(message.get("body", b""))
                more = message.get("more_body", False)
            os.fdatasync(file.fileno())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app


def serve_plain(path: Path, port: int) -> None:
    """Serve the floor until the process is ended."""
    settings = DashboardSettings(port=port)
    app = create_app(lambda: None)  # type: ignore[arg-type,return-value]
    server = guarded_server(app, settings)
    server.config.app = plain_app(path)
    server.config.lifespan = "off"
    with socket.create_server(("127.0.0.1", port)) as listener:
        server.run(sockets=[listener])


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def served(command: list[str], port: int) -> Iterator[int]:
    """A server in a process of its own; its id."""
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 120
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > until or process.poll() is not None:
                    raise
                time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def send(port: int, where: str, parts: int, headers: dict[str, str]) -> None:
    """All parts over one connection."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=300)) as connection:
        for number in range(parts):
            connection.request(
                "PATCH", where, BLOCK,
                TUS | headers | {
                    "Upload-Offset": str(number * PART),
                    "Content-Type": "application/offset+octet-stream",
                },
            )  # fmt: skip
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 204, answer.status


def prepare(folder: Path, port: int) -> tuple[Path, dict[str, str]]:
    """A server's settings and one lesson, and who is signed in."""
    config = folder / "server.toml"
    config.write_text(
        f'site = "school"\ndata_dir = "{folder}/data"\n[video]\ndirectory = "{folder}/videos"\n'
        f'key_directory = "{folder}/keys"\nreserve_gb = 0\n[dashboard]\nport = {port}\n'
    )
    now = time.time_ns()
    with closing(open_school(folder / "data")) as school:
        school.lessons.put(
            Lesson(
                id="l", room="r", teacher="Ada", title="", starts_utc_ns=now - 60 * SECOND_NS,
                ends_utc_ns=now, source="button",
            )
        )  # fmt: skip
    return config, header(cookie_of_all(folder / "data"))


def begin(port: int, size: int, who: dict[str, str]) -> str:
    """A new upload; the one before it is removed. One byte stays missing, so nothing is decoded."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=300)) as connection:
        connection.request(
            "POST", "/api/lessons/l/video/uploads", None,
            TUS | who | {"Upload-Length": str(size + 1), "Upload-Metadata": f"consent {CONSENT}"},
        )  # fmt: skip
        answer = connection.getresponse()
        assert answer.status == 201, answer.read()
        return str(answer.headers["Location"])


def aes_cpu_s(parts: int) -> float:
    """The same bytes through AES-GCM alone."""
    sealing, room, view = Sealing(bytes(32), "00" * 16), bytearray(STRIDE), memoryview(BLOCK)
    began = time.process_time()
    for number in range(parts * PART // SEGMENT_BYTES):
        at = number * SEGMENT_BYTES % PART
        sealing.seal_into(room, view[at : at + SEGMENT_BYTES], number, "inside")
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve-plain", nargs=2, metavar=("FILE", "PORT"))
    args = parser.parse_args()
    if args.serve_plain:
        serve_plain(Path(args.serve_plain[0]), int(args.serve_plain[1]))
        return
    parts = args.megabytes * (1 << 20) // PART
    mb = parts * PART / 1e6
    ours, plain, walls = [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder, port, plain_port = Path(name), free_port(), free_port()
        config, who = prepare(folder, port)
        dashboard = [sys.executable, "-m", "roomtone", "dashboard", "--config", str(config)]
        floor = [sys.executable, __file__, "--serve-plain", f"{folder}/plain", str(plain_port)]
        with served(dashboard, port) as pid, served(floor, plain_port) as plain_pid:
            while not (folder / "keys" / "key").exists():
                time.sleep(0.05)
            for _ in range(args.rounds):
                where = begin(port, parts * PART, who)
                before, began = cpu_s(pid), time.monotonic()
                send(port, where, parts, who)
                ours.append(cpu_s(pid) - before)
                walls.append(time.monotonic() - began)
                before = cpu_s(plain_pid)
                send(plain_port, "/plain", parts, {})
                plain.append(cpu_s(plain_pid) - before)
                (folder / "plain").unlink()
        aes = min(aes_cpu_s(parts) for _ in range(args.rounds))
    figures = {
        "uploaded_mb": round(mb),
        "mb_per_cpu_s": round(mb / min(ours)),
        "plain_mb_per_cpu_s": round(mb / min(plain)),
        "times_the_floor": round(min(ours) / min(plain), 2),
        "aes_gcm_mb_per_cpu_s": round(mb / aes),
        "mb_per_s_on_the_clock": round(mb / min(walls)),
    }
    if args.json:
        print(json.dumps(figures))
    else:
        for key, value in figures.items():
            print(f"{key:24} {value}")


if __name__ == "__main__":
    main()
