"""The pages under attack: each limit on a real socket, while other clients are still served."""

from __future__ import annotations

import json
import re

import pytest

from dashboard_api.web.limits.request_limits import MAX_HEADER_BYTES, MAX_HEADERS, MAX_TARGET_BYTES
from dashboard_api.web.limits.uploads import is_upload
from dashboard_api.web.refusals import REASONS
from tests.dashboard_api.server import Server, running, until

MOMENTS = "/api/lessons/sample/moments"
JSON_TYPE = "Content-Type: application/json"
HTML = "Accept: text/html"


@pytest.fixture
def server(stores, filled):
    with running(stores) as served:
        yield served


def is_served(server: Server) -> None:
    assert server.peer().ask("/healthz").status == 200


# ---------------------------------------------------------------------------------- sizes


def test_a_body_that_says_it_is_too_large_is_refused_on_every_route(server):
    routes = {re.sub(r"\{.*?\}", "x", path) for path in server.app.openapi()["paths"]}
    assert len(routes) > 10
    for target in [
        *routes,
        "/",
        "/lessons/x",
        "/lessons/x/answers",
        "/static/shared/base.css",
        "/nowhere",
    ]:
        for method in ("POST", "PUT", "DELETE", "GET", "PATCH"):
            if is_upload(method, target):
                continue  # video/test_over_sockets.py
            refused = server.refused("body_size")
            peer = server.peer()
            reply = peer.ask(target, "Content-Length: 200000000", JSON_TYPE, method=method)
            assert (reply.status, reply.headers["connection"]) == (413, "close")
            assert reply.detail == "The request's body is larger than 65536 bytes."
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert server.refused("body_size") == refused + 1
            peer.close()
    is_served(server)


@pytest.mark.parametrize("length", ("9" * 40, "9" * 5_000))
def test_an_invalid_content_length_is_refused(server, length):
    assert server.peer().ask(MOMENTS, f"Content-Length: {length}", method="POST").status in {
        400,
        413,
    }
    is_served(server)


def test_a_body_in_chunks_is_counted_as_it_comes(server):
    peer = server.peer()
    peer.send(
        f"POST {MOMENTS} HTTP/1.1\r\nHost: localhost\r\n{JSON_TYPE}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n".encode()
    )
    for _ in range(100):
        if not peer.send(b"8000\r\n" + b" " * 0x8000 + b"\r\n"):
            break
    assert peer.reply().status == 413
    assert server.refused("body_size") == 1


@pytest.mark.slow
def test_a_client_that_sends_all_before_reading_still_gets_the_response(server):
    for headers in (("Content-Length: 500000",), ("Transfer-Encoding: chunked",)):
        peer = server.peer()
        body = b" " * 500_000 if "Length" in headers[0] else b"7a120\r\n" + b" " * 500_000
        assert peer.ask(MOMENTS, *headers, JSON_TYPE, method="POST", body=body).status == 413
        assert peer.is_closed()


def test_the_longest_note_fits(server, filled):
    note = "\U0001f600" * 2_000  # twelve bytes each where JSON is ASCII
    body = json.dumps({"start_s": 1, "note": note}).encode()
    reply = server.peer().ask(
        f"/api/lessons/{filled.lesson.id}/moments",
        f"Content-Length: {len(body)}", JSON_TYPE, method="POST", body=body,
    )  # fmt: skip
    assert reply.status == 201


def test_a_person_gets_a_page(server):
    peer = server.peer()
    reply = peer.ask(MOMENTS, "Content-Length: 200000000", HTML, method="POST")
    assert reply.status == 413
    assert b"<h1" in reply.body
    assert b"larger than 65536 bytes" in reply.body


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    (
        ("/" + "a" * MAX_TARGET_BYTES, (), 414),
        ("/?" + "a" * MAX_TARGET_BYTES, (), 414),
        ("/" + "%41" * MAX_TARGET_BYTES, (), 414),
        ("/", tuple(f"X-{n}: 1" for n in range(MAX_HEADERS)), 431),
        ("/", ("X: " + "a" * MAX_HEADER_BYTES,), 431),
        ("/", ("X: " + "a" * 10 * MAX_HEADER_BYTES,), 431),
    ),
)
def test_a_head_that_is_too_large_is_refused(server, target, headers, status):
    reply = server.peer().ask(target, *headers)
    assert (reply.status, reply.headers["connection"]) == (status, "close")
    assert reply.detail
    assert server.refused("head_size") == 1
    is_served(server)


def test_headers_that_never_end_are_refused(server):
    peer = server.peer()
    peer.send(b"GET / HTTP/1.1\r\n")
    while peer.send(b"X: " + b"a" * 10_000 + b"\r\n") and server.refused("head_size") == 0:
        pass
    assert peer.reply().status == 431


@pytest.mark.parametrize("text", (b"\0" * 100, b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02"))
def test_invalid_http_gets_a_sentence_and_no_line_in_the_log(server, text, caplog):
    peer = server.peer()
    peer.send(text + b"\r\n\r\n")
    assert peer.reply().detail == "This is not a valid HTTP request."
    assert peer.is_closed()
    assert server.refused("malformed") == 1
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_rubbish_behind_a_request_does_no_harm(server, caplog):
    peer = server.peer()
    peer.send(
        b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    )
    assert peer.is_closed()
    peer = server.peer()
    peer.send(
        f"GET /rooms/room-204/live/events HTTP/1.1\r\nHost: localhost\r\n{peer.cookie}\r\n\r\n\0\0\0\r\n\r\n".encode()
    )
    peer.head()
    is_served(server)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_an_upgrade_to_a_websocket_is_an_ordinary_request(server, caplog):
    for kind in ("websocket", "h2c"):
        peer = server.peer()
        reply = peer.ask(
            "/healthz", f"Upgrade: {kind}", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        )  # fmt: skip
        assert reply.status == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


BODIES = {
    "deep lists": b"[" * 30_000,
    "deep lists, closed": b"[" * 30_000 + b"]" * 30_000,
    "deep objects": b'{"a":' * 10_000,
    "deep in a field": b'{"start_s": 1, "note": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "an integer of 5,000 digits": b'{"start_s": ' + b"9" * 5_000 + b"}",
    "an infinite number": b'{"start_s": 1e999}',
    "no number": b'{"start_s": NaN}',
    "a lone surrogate": b'{"start_s": 1, "note": "\\ud800"}',
    "a lone surrogate as a key": b'{"start_s": 1, "\\ud800": 1}',
    "a long key": b'{"' + b"a" * 60_000 + b'": 1}',
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
    "null": b"null",
}


ROUTES = (
    ("POST", "/api/lessons/{}/moments"),
    ("PUT", "/api/lessons/{}/moments/x"),
    ("PUT", "/api/lessons/{}/clock-map"),
    ("PUT", "/api/lessons/{}/moments/x/verdict"),
)


@pytest.mark.parametrize("kind", BODIES)
def test_json_that_does_not_fit_is_refused_in_a_short_sentence(server, filled, kind, caplog):
    body = BODIES[kind]
    peer = server.peer()
    for method, target in ROUTES:
        for accept in ("Accept: */*", HTML):
            reply = peer.ask(
                target.format(filled.lesson.id),
                f"Content-Length: {len(body)}", JSON_TYPE, accept, method=method, body=body,
            )  # fmt: skip
            assert reply.status in {400, 404, 422}
            assert len(reply.body) < 10_000
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert peer.ask("/healthz").status == 200  # on the same connection


ADDRESSES = (
        "/static/%00", "/static/" + "a" * 3_000, "/static/..%2f..%2fapp.py", "/%ff%fe", "/%00",
        "/lessons/%00", "/rooms/%00/live", "/lessons/" + "a" * 3_000, "/?number=" + "9" * 3_000,
        "/?number=99999999999999999999", "/?number=-1",
        "/api/lessons?number=9223372036854775808", "/?after=9999999999999999999.x", "/?after=x.y",
        "/?newer=-9999999999999999999.", "/?day=2199-12-31&week=1", "/?day=1970-01-01",
        "/?day=9999-12-31", "/?q=%00&room=%ff", "/?after=1.%00", "/?week=perhaps", "/?of=all",
        "/api/lessons/{}/timeline?from_s=1e308&to_s=1e309",
        "/api/lessons/{}/timeline?level_s=1&from_s=nan&to_s=inf",
        "/lessons/{}/table?number=" + "9" * 30,
        "/model?lesson=" + "a" * 3_000, "/model?lesson=%00%ff",
)  # fmt: skip


def test_no_address_ends_in_a_traceback(server, filled, caplog):
    for target in ADDRESSES:
        assert server.peer().ask(target.format(filled.lesson.id)).status < 500
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    is_served(server)


# ------------------------------------------------------------------------------- slow senders


@pytest.fixture
def hasty(stores, filled):
    """A server with very short time limits."""
    with running(stores, head_timeout_s=0.2, body_timeout_s=0.2, idle_timeout_s=1) as served:
        yield served


def test_headers_that_trickle_are_answered_408(hasty):
    peer = hasty.peer()
    for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000:
        if hasty.refused("head_time") or not peer.send(bytes([byte])):
            break
        peer.socket.settimeout(0.05)
        try:
            peer.socket.recv(1, 2)  # MSG_PEEK: an answer ends the trickle
        except TimeoutError:
            continue
        break
    peer.socket.settimeout(60)
    reply = peer.reply()
    assert (reply.status, reply.headers["connection"]) == (408, "close")
    assert reply.detail == "The request's headers did not arrive within 0.2 s."
    assert peer.is_closed()
    assert hasty.refused("head_time") == 1


@pytest.mark.parametrize("framing", ("Content-Length: 60000", "Transfer-Encoding: chunked"))
def test_a_body_that_never_ends_is_answered_408(hasty, framing):
    peer = hasty.peer()
    reply = peer.ask(MOMENTS, framing, JSON_TYPE, method="POST", body=b"1\r\n \r\n")
    assert (reply.status, reply.headers["connection"]) == (408, "close")
    assert reply.detail == "The request's body did not arrive within 0.2 s."
    assert peer.is_closed()
    assert hasty.refused("body_time") == 1


def test_a_slow_body_from_a_browser_gets_a_page(hasty):
    reply = hasty.peer().ask(MOMENTS, "Content-Length: 9", JSON_TYPE, HTML, method="POST")
    assert reply.status == 408
    assert b"<h1" in reply.body


@pytest.mark.slow
def test_a_body_that_nobody_reads_does_not_hold_the_connection(hasty):
    peer = hasty.peer()
    assert peer.ask("/healthz", "Content-Length: 60000").status == 200
    assert peer.is_closed()


@pytest.mark.slow
def test_a_stream_with_a_body_that_never_ends_is_ended(hasty, caplog):
    peer = hasty.peer()
    peer.send(
        f"GET /rooms/room-204/live/events HTTP/1.1\r\nHost: localhost\r\n{peer.cookie}\r\nContent-Length: 9\r\n\r\nx".encode()
    )
    assert peer.head()[0] == 200
    assert peer.is_closed()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.slow
def test_idle_connections_are_closed(hasty):
    fresh, used = hasty.peer(), hasty.peer()
    assert used.ask("/healthz").status == 200
    for peer in (fresh, used):
        assert peer.is_closed()
    assert hasty.refused("head_time") == 0  # a browser opens connections in advance
    until(lambda: len(hasty.app.state.gate) == 0)


def test_a_trickle_between_requests_does_not_keep_a_connection(hasty):
    peer = hasty.peer()
    assert peer.ask("/healthz").status == 200
    peer.send(b"G")
    assert peer.reply().status == 408
    assert peer.is_closed()


def test_a_client_that_reads_nothing_is_disconnected(stores, filled, caplog):
    with running(stores, send_timeout_s=0.2) as server:
        peer = server.peer()
        request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        peer.send(request * 1_000)  # the answers are many megabytes
        until(lambda: server.refused("send_time") == 1)
        peer.close()
        is_served(server)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


# ------------------------------------------------------------------------------- connections


def test_idle_connections_give_way_and_the_pages_go_on(stores, filled):
    with running(stores, max_connections=20, max_connections_per_address=20) as server:
        idle = [server.peer() for _ in range(200)]
        for peer in idle[::3]:
            peer.send(b"GET / HTTP/1.1\r\n")  # and half a request
        for _ in range(5):
            is_served(server)
        assert len(server.app.state.gate) <= 20
        assert server.refused("evicted") >= 180
        assert server.refused("connections") == 0


@pytest.mark.parametrize(
    ("settings", "status"),
    (
        ({"max_connections": 5}, 503),
        ({"max_connections_per_address": 5}, 429),
    ),
)
def test_a_new_connection_must_wait_while_all_are_busy(stores, filled, settings, status):
    with running(stores, **settings) as server:
        streams = [server.peer() for _ in range(5)]
        for stream in streams:
            stream.send(
                f"GET /rooms/room-204/live/events HTTP/1.1\r\nHost: localhost\r\n{stream.cookie}\r\n\r\n".encode()
            )
            assert stream.head()[0] == 200
        refused = server.peer()
        reply = refused.reply()
        assert (reply.status, reply.headers["retry-after"]) == (status, "10")
        assert "try again in 10 s" in reply.detail
        assert refused.is_closed()
        assert server.refused("connections") == 1
        streams[0].close()
        until(lambda: len(server.app.state.gate) < 5)
        is_served(server)


# ------------------------------------------------------------------------------- event streams


@pytest.mark.parametrize(
    ("settings", "words"),
    (
        ({"max_streams": 3}, "Too many live pages are open"),
        ({"max_streams_per_person": 3}, "Too many live pages of yours are open"),
    ),
)
def test_only_so_many_streams_are_open(stores, filled, settings, words):
    events = "/rooms/room-204/live/events"
    with running(stores, **settings) as server:
        streams = [server.peer() for _ in range(3)]
        for stream in streams:
            stream.send(
                f"GET {events} HTTP/1.1\r\nHost: localhost\r\n{stream.cookie}\r\n\r\n".encode()
            )
            assert stream.head()[0] == 200
            assert stream.event()["room"] == "room-204"
        other = server.peer()
        reply = other.ask(events)
        assert (reply.status, reply.headers["retry-after"]) == (429, "30")
        assert words in reply.detail
        page = other.ask(events, HTML)
        assert page.status == 429
        assert b"<h1" in page.body
        assert other.ask("/rooms/room-204/live").status == 200  # the page itself is there
        assert server.refused("streams") == 2
        metrics = other.ask("/metrics").body.decode()
        assert 'roomtone_dashboard_refused_total{reason="streams"} 2.0\n' in metrics
        assert "roomtone_dashboard_open_streams 3.0\n" in metrics
        streams[0].close()
        until(lambda: len(server.app.state.stream_places) == 2)
        other.send(f"GET {events} HTTP/1.1\r\nHost: localhost\r\n{other.cookie}\r\n\r\n".encode())
        assert other.head()[0] == 200


@pytest.mark.slow
def test_many_pages_of_a_room_share_one_look(stores, filled):
    with running(stores) as server:
        streams = [server.peer() for _ in range(50)]
        for stream in streams:
            stream.send(
                f"GET /rooms/room-204/live/events HTTP/1.1\r\nHost: localhost\r\n{stream.cookie}\r\n\r\n".encode()
            )
        for stream in streams:
            assert stream.head()[0] == 200
            assert stream.event()["state"] == "off"
        # One look per page would be 150 looks; a slow machine may do a few more than 3.
        looks = server.app.state.live_rooms.looks
        for _ in range(3):
            for stream in streams:
                stream.event()
        assert server.app.state.live_rooms.looks - looks < 50
        assert len(server.app.state.stream_places) == 50


def test_all_reasons_are_in_the_metrics(server):
    metrics = server.peer().ask("/metrics").body.decode()
    for reason in REASONS:
        assert f'roomtone_dashboard_refused_total{{reason="{reason}"}} 0.0\n' in metrics
    assert "roomtone_dashboard_open_connections 1.0\n" in metrics
