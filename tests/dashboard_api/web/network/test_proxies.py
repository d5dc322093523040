"""The shipped configurations of reverse proxies: the real proxy before the real dashboard, by TLS."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from dashboard_api.settings import DashboardSettings
from dashboard_api.video.service import VideoService
from dashboard_api.web.access import COOKIE
from dashboard_api.web.store_thread import Stores
from roomtone.demo.broker import free_port
from school.people.passwords import hash_password
from school.video.settings import VideoSettings
from tests.bundles import bundle_file
from tests.certificates import Certificate, make_certificate
from tests.conftest import SEARCH_PATH
from tests.dashboard_api.server import PATIENCE_S, Server, serving, until
from tests.signed_in import BY, TEACHER

pytestmark = pytest.mark.slow

SHIPPED = Path(__file__).parents[4] / "docs" / "proxies"
NAME = "roomtone.school.example"
PASSWORD = "tuba glacier mitten 94"
SECURE = f"__Host-{COOKIE}"


@dataclass(frozen=True)
class Proxy:
    https: int
    http: int
    dashboard: int
    context: ssl.SSLContext

    def connect(self) -> http.client.HTTPConnection:
        """A connection to the proxy, which shows the certificate for its name."""
        plain = socket.create_connection(("127.0.0.1", self.https), timeout=PATIENCE_S)
        connection = http.client.HTTPConnection(NAME, self.https)
        connection.sock = self.context.wrap_socket(plain, server_hostname=NAME)
        return connection

    def ask(
        self, method: str, path: str, body: str | None = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = self.connect()
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            if method == "POST":
                sent |= {"Origin": self.origin, "Content-Type": "application/x-www-form-urlencoded"}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    @property
    def origin(self) -> str:
        return f"https://{NAME}:{self.https}"

    def sign_in(
        self, password: str = PASSWORD, name: str = TEACHER, **headers: str
    ) -> tuple[int, str]:
        """The status, and the cookie as it is sent back."""
        form = urlencode({"name": name, "password": password})
        status, got, _ = self.ask("POST", "/sign-in", form, **headers)
        return status, got.get("Set-Cookie", "").partition(";")[0]


def shipped(name: str, proxy: Proxy, made: Certificate) -> str:
    """The shipped file on other ports and with another certificate."""
    text = (SHIPPED / name).read_text(encoding="utf-8")
    for old, new in (
        ("/etc/roomtone/pages.crt", str(made.certificate)),
        ("/etc/roomtone/pages.key", str(made.key)),
        ("127.0.0.1:8000", f"127.0.0.1:{proxy.dashboard}"),
    ):
        assert old in text
        text = text.replace(old, new)
    return text


def nginx(folder: Path, proxy: Proxy, made: Certificate) -> list[str]:
    text = re.sub(r"(?m)^ *listen \[::\].*\n", "", shipped("nginx.conf", proxy, made))
    for old, new in (("listen 80;", proxy.http), ("listen 443 ssl;", f"{proxy.https} ssl")):
        assert old in text
        text = text.replace(old, f"listen 127.0.0.1:{new};")
    (folder / "site.conf").write_text(text)
    paths = "\n".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "main.conf").write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log stderr;\nuser root;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{paths}\ninclude {folder}/site.conf;\n}}\n"
    )
    return ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "main.conf")]


def caddy(folder: Path, proxy: Proxy, made: Certificate) -> list[str]:
    head = (
        f"{{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\thttp_port {proxy.http}\n"
        f"\thttps_port {proxy.https}\n}}\n"
    )
    (folder / "Caddyfile").write_text(head + shipped("Caddyfile", proxy, made))
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


Command = Callable[[Path, Proxy, Certificate], list[str]]


@contextmanager
def running(command: list[str], folder: Path, proxy: Proxy) -> Iterator[None]:
    path = shutil.which(command[0], path=SEARCH_PATH)
    assert path is not None
    log = folder / "log"
    homes = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (
        log.open("wb") as output,
        subprocess.Popen([path, *command[1:]], stdout=output, stderr=output, env=homes) as program,
    ):
        try:
            end = time.monotonic() + PATIENCE_S
            for port in (proxy.https, proxy.http):
                while not answers(port):
                    assert program.poll() is None, log.read_text()
                    assert time.monotonic() < end, log.read_text()
                    time.sleep(0.02)
            yield
        finally:
            program.terminate()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def dashboard(stores: Stores, filled, clock: ManualClock, tmp_path: Path) -> Iterator[Server]:
    stores.people.set_second_factor(TEACHER, None, BY)
    stores.people.set_roles(TEACHER, ["teacher"], BY)
    stores.people.set_password(TEACHER, hash_password(PASSWORD), BY)
    lesson = stores.lessons.get(filled.lesson.id)
    assert lesson is not None
    stores.lessons.put(replace(lesson, ends_utc_ns=clock.utc_ns() + 60 * SECOND_NS))
    settings = DashboardSettings(trusted_proxies=("127.0.0.1", "::1"), hosts=(NAME,))
    video = VideoSettings(
        directory=tmp_path / "videos", key_directory=tmp_path / "keys", reserve_gb=0
    )
    app = create_app(lambda: stores, clock=clock, settings=settings, video=video)
    with serving(app, settings) as made:
        yield made


@pytest.fixture(
    params=(
        pytest.param(nginx, marks=pytest.mark.nginx), pytest.param(caddy, marks=pytest.mark.caddy),
    )
)  # fmt: skip
def proxy(request, tmp_path: Path, dashboard: Server) -> Iterator[Proxy]:
    made = make_certificate(tmp_path, NAME)
    context = ssl.create_default_context(cafile=str(made.certificate))
    found = Proxy(free_port(), free_port(), dashboard.port, context)
    folder = tmp_path / "proxy"
    folder.mkdir()
    command: Command = request.param
    with running(command(folder, found, made), folder, found):
        yield found


def test_the_pages_behind_it(proxy: Proxy, dashboard: Server, monkeypatch) -> None:
    status, headers, page = proxy.ask("GET", "/sign-in")
    assert status == 200
    assert "Sign in" in page
    assert headers["Strict-Transport-Security"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]

    status, cookie = proxy.sign_in()
    assert status == 303
    assert cookie.startswith(f"{SECURE}=")
    status, _, page = proxy.ask("GET", "/", Cookie=cookie)
    assert status == 200
    assert "/lessons/sample" in page

    check_stream(proxy, cookie)
    asyncio.run(check_socket(proxy, cookie))
    check_limits(proxy, cookie)
    check_file(proxy, cookie)
    check_upload(proxy, cookie, dashboard.app.state.videos)
    check_ways_past_it(proxy)
    check_forged_addresses(proxy, monkeypatch)


def check_stream(proxy: Proxy, cookie: str) -> None:
    """Each event leaves at once: the second comes long before a buffer is full."""
    connection = proxy.connect()
    connection.request(
        "GET", "/rooms/room-204/live/events", headers={"Cookie": cookie, "Accept-Encoding": "gzip"}
    )
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["Content-Encoding"] is None
    began = time.monotonic()
    names = []
    while len(names) < 3:
        line = answer.readline()
        assert line, "the stream ended"
        if line.startswith(b"event: "):
            names.append(line.split()[1])
    assert names[0] == b"live"
    assert time.monotonic() - began < 30
    connection.close()


async def check_socket(proxy: Proxy, cookie: str) -> None:
    """Two pages of a debrief hear each other at once; another website's page gets no socket.

    In one thread: one that reads from a TLS connection while another writes to it can lose either.
    """

    def page(origin: str) -> connect:
        return connect(
            f"wss://{NAME}:{proxy.https}/lessons/sample/together", ssl=proxy.context,
            server_hostname=NAME, host="127.0.0.1", origin=Origin(origin),
            additional_headers={"Cookie": cookie}, open_timeout=PATIENCE_S, compression=None,
            proxy=None,
        )  # fmt: skip

    async def heard_by(one: ClientConnection) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            return dict(json.loads(await one.recv()))

    async with page(proxy.origin) as one, page(proxy.origin) as other:
        for number, each in enumerate((one, other)):
            joined = {"type": "join", "client": f"{number:016x}", "person": TEACHER}
            await each.send(json.dumps(joined))
            assert (await heard_by(each))["type"] == "welcome"
        move = {"type": "move", "position_s": 9, "is_playing": False, "rate": 1}
        await one.send(json.dumps(move))
        while (heard := await heard_by(other))["type"] != "playhead":
            pass
        assert heard["position_s"] == 9
    with pytest.raises(InvalidStatus) as refused:
        async with page("https://evil.example"):
            pass
    assert refused.value.response.status_code == 403


def check_limits(proxy: Proxy, cookie: str) -> None:
    status, _, _ = proxy.ask("POST", "/lessons/sample/moments", "x" * 70_000, Cookie=cookie)
    assert status == 413


def check_file(proxy: Proxy, cookie: str) -> None:
    """A lesson's file of a megabyte is read back."""
    head = 'Content-Disposition: form-data; name="file"; filename="lesson.json"'
    data = bundle_file() + b" " * 1_000_000
    body = f"--x\r\n{head}\r\n\r\n".encode() + data + b"\r\n--x--\r\n"
    connection = proxy.connect()
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    connection.request("POST", "/imported", body, form | {"Cookie": cookie, "Origin": proxy.origin})
    answer = connection.getresponse()
    assert answer.status == 303, answer.read()
    assert answer.headers["Location"].startswith("/imported/")
    connection.close()


def check_upload(proxy: Proxy, cookie: str, videos: VideoService) -> None:
    """A part of 16 MiB arrives while it is sent, and is all there."""
    until((videos.require_files().keys.directory / "key").exists)
    film = b"\0\0\0\x18ftypisom" + bytes(16 << 20)
    consent = base64.b64encode(videos.consent.encode()).decode()
    tus = {"Cookie": cookie, "Origin": proxy.origin, "Tus-Resumable": "1.0.0"}
    connection = proxy.connect()
    connection.request(
        "POST", "/api/lessons/sample/video/uploads", None,
        tus | {"Upload-Length": str(len(film) + 1), "Upload-Metadata": f"consent {consent}"},
    )  # fmt: skip
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    answer.read()

    def parts() -> Iterator[bytes]:
        yield film[: 8 << 20]
        # Not kept back until all of it is there.
        folder = videos.require_files().directory
        until(lambda: any(path.stat().st_size > 1 << 20 for path in folder.iterdir()))
        yield film[8 << 20 :]

    connection.request(
        "PATCH", answer.headers["Location"], parts(),
        tus | {
            "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(len(film)),
        },
    )  # fmt: skip
    answer = connection.getresponse()
    assert answer.status == 204, answer.read()
    assert answer.headers["Upload-Offset"] == str(len(film))
    connection.close()


def check_ways_past_it(proxy: Proxy) -> None:
    for path, status in (("/sign-in", 421), ("/", 421)):
        direct = http.client.HTTPConnection("127.0.0.1", proxy.dashboard, timeout=PATIENCE_S)
        direct.request("GET", path, headers={"Host": NAME})
        assert direct.getresponse().status == status
        direct.close()
    plain = http.client.HTTPConnection("127.0.0.1", proxy.http, timeout=PATIENCE_S)
    plain.request("GET", "/sign-in?next=%2Fx", headers={"Host": NAME})
    answer = plain.getresponse()
    assert answer.status == 308
    assert re.fullmatch(rf"https://{NAME}(:\d+)?/sign-in\?next=%2Fx", answer.headers["Location"])
    plain.close()
    assert proxy.ask("GET", "/metrics")[0] == 404


def check_forged_addresses(proxy: Proxy, monkeypatch) -> None:
    """Whatever a browser claims to be, its attempts are those of one address."""
    monkeypatch.setattr("dashboard_api.people.sign_in.is_password", lambda *_: False)
    claims = (
        ("X_Forwarded_For", "198.51.100.{}"),
        ("X_Forwarded_For", "198.51.100.{}, 127.0.0.1"),
        ("Forwarded", "for=198.51.100.{}"),
    )
    codes = []
    for number in range(105):
        name, value = claims[number % len(claims)]
        claim = {name: value.format(number), "X_Forwarded_Host": "evil.example"}
        codes.append(proxy.sign_in("guess", f"n{number}", **claim)[0])
    assert set(codes[:99]) == {403}
    assert codes[101:] == [429] * 4


def test_the_settings_that_deploy_md_gives_fit_these_files() -> None:
    text = (SHIPPED.parent / "deploy.md").read_text(encoding="utf-8")
    for name in ("nginx.conf", "Caddyfile"):
        assert f"docs/proxies/{name}" in text
        shipped_text = (SHIPPED / name).read_text(encoding="utf-8")
        assert NAME in shipped_text
        for path in re.findall(r"/etc/roomtone/\S+?(?=[;\s])", shipped_text):
            assert path in text
    assert json.dumps(["127.0.0.1", "::1"]) in text
