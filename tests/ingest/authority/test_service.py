"""The authority behind its Unix sockets, asked as the server's programs ask it."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from contract.enrolment.codes import typed_code
from contract.errors import LinkError, StoreError, UsageError
from contract.language import speaking
from dashboard_api.language import LANGUAGES
from edge_agent.enrolment.own_key import OwnKey
from ingest.authority.authority import Authority
from ingest.authority.client import AuthorityClient
from ingest.authority.failures import FailedStateError

from .conftest import SETTINGS, Served, enrol_kit


@pytest.fixture
def client(served: Served) -> AuthorityClient:
    return served.client


def test_pages_make_codes_and_see_what_became_of_them(
    client: AuthorityClient, authority: Authority
) -> None:
    made = client.new_code("school", "r1", "pi-1", SETTINGS)
    assert typed_code(made.code)
    (node,) = client.nodes()
    assert (node.node, node.code, node.tries_left) == ("pi-1", "open", 5)
    assert node.code_expires == made.expires
    assert client.nodes() == authority.nodes()
    client.revoke("pi-1")
    assert client.nodes() == []


def test_a_list_of_many_nodes_comes_whole(client: AuthorityClient, authority: Authority) -> None:
    with authority.state.changing():
        for number in range(350):
            authority.state.put_kit(f"pi-{number}", "school", f"room-{number}", 1_800_000_000)
    assert len(client.nodes()) == 350


def test_what_can_t_be_done_is_said_in_the_authoritys_words(client: AuthorityClient) -> None:
    with pytest.raises(UsageError, match="does not keep the site nowhere"):
        client.new_code("nowhere", "r1", "pi-1", SETTINGS)
    with pytest.raises(UsageError, match="no node pi-9"):
        client.revoke("pi-9")


def test_who_reads_another_language_gets_the_authoritys_words_in_it(
    client: AuthorityClient, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable() -> None:
        raise FailedStateError(
            "{path} can't be read ({error}): check the disk.", path="authority.db", error="torn"
        )

    with speaking(LANGUAGES["es"]):
        with pytest.raises(UsageError, match="Este servidor no lleva el centro nowhere"):
            client.new_code("nowhere", "r1", "pi-1", SETTINGS)
        with pytest.raises(UsageError, match="No hay ningún nodo pi-9"):
            client.revoke("pi-9")
        with pytest.raises(UsageError, match="Ningún kit puede llamarse broker"):
            client.new_code("school", "r1", "broker", SETTINGS)
        with pytest.raises(LinkError, match="La autoridad no responde"):
            AuthorityClient(authority.settings.socket_dir / "nobody.sock").nodes()
        monkeypatch.setattr(authority, "nodes", unreadable)
        with pytest.raises(StoreError, match="no se puede leer"):
            client.nodes()


def test_the_broker_gets_its_lists_and_its_certificate(
    client: AuthorityClient, authority: Authority
) -> None:
    enrol_kit(authority, "pi-1")
    lists = client.lists()
    assert "user pi-1" in lists.access
    pem, its_authority = client.certify("broker", OwnKey.new().public, ["localhost"])
    assert "BEGIN CERTIFICATE" in pem
    assert its_authority == lists.authority
    note = authority.settings.socket_dir / "published"
    assert int(note.read_text()) == lists.number


def test_a_revoked_node_waits_until_its_connection_is_ended(
    client: AuthorityClient, authority: Authority
) -> None:
    enrol_kit(authority, "pi-1")
    client.revoke("pi-1")
    assert client.pending() == ["pi-1"]
    client.disconnected("pi-1")
    assert client.pending() == []
    (node,) = client.nodes()
    assert node.revoked_at is not None
    assert node.disconnected_at is not None
    assert node.valid_until is None


def test_the_sockets_are_for_owner_and_group_alone(
    client: AuthorityClient, authority: Authority
) -> None:
    assert client.nodes() == []
    for path in (authority.settings.admin_socket, authority.settings.kits_socket):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_kits_socket_answers_no_question_of_the_servers(
    client: AuthorityClient, authority: Authority
) -> None:
    with pytest.raises(Exception, match="refusal"):
        AuthorityClient(authority.settings.kits_socket).new_code("school", "r1", "pi-1", "")
    assert client.nodes() == []


def test_garbage_ends_its_own_connection_alone(
    client: AuthorityClient, authority: Authority
) -> None:
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(60)
        link.connect(str(authority.settings.admin_socket))
        link.sendall(b"\xff\xff\xff\xff garbage")
        assert link.recv(10) == b""
    assert client.nodes() == []


def test_without_the_authority_the_error_says_what_to_start(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="as roomtone-authority"):
        AuthorityClient(tmp_path / "none.sock").nodes()
