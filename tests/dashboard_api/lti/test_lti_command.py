"""`roomtone lti`: setting platforms up, and our keys."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from dashboard_api.lti.tool_keys import FILE
from roomtone.cli import main
from school import open_school
from school.audit.actor import Actor

GIVEN = ("--client-id", "1007", "--deployment", "d-1")
OWN = ("--issuer", "https://lms.example", "--auth-url", "https://lms.example/auth",
       "--jwks-url", "https://lms.example/jwks")  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(
        f'site = "s"\ndata_dir = "{tmp_path / "data"}"\n'
        '[dashboard]\ntrusted_proxies = ["127.0.0.1"]\nhosts = ["roomtone.school.example"]\n'
        'public_address = "https://roomtone.school.example"\n',
        encoding="utf-8",
    )
    return path


def run(config: Path, *words: str) -> int:
    return main(["lti", *words, "--config", str(config)])


def school_of(config: Path):
    return closing(open_school(config.with_name("data")))


def test_a_platform_is_set_up_with_what_it_needs_to_know(config, capsys):
    assert run(config, "add", "lms", "--title", "Our LMS", *OWN, *GIVEN) == 0
    out = capsys.readouterr().out
    assert "Our LMS may open Roomtone from 1 deployment." in out
    for line in (
        "login initiation URL: https://roomtone.school.example/lti/login",
        "redirect URI: https://roomtone.school.example/lti/launch",
        "public JWK URL: https://roomtone.school.example/lti/jwks",
    ):
        assert line in out
    with school_of(config) as school:
        (found,) = school.platforms.platforms()
        assert (found.title, found.issuer, found.client_id) == (
            "Our LMS", "https://lms.example", "1007",
        )  # fmt: skip
        assert found.deployments == {"d-1"}
        assert school.audit.latest(1)[0].sentence == (
            "The command “roomtone lti” set up the learning platform lms"
        )
    keys = config.with_name("data") / FILE
    assert keys.stat().st_mode & 0o777 == 0o600
    before = keys.read_bytes()
    assert (
        run(config, "add", "moodle", "--moodle", "https://moodle.example/", "--client-id", "2") == 0
    )
    assert "roomtone lti allow moodle --deployment ID" in capsys.readouterr().out
    assert keys.read_bytes() == before, "a second platform makes no second key"
    assert run(config, "rotate") == 0
    assert keys.read_bytes() != before
    assert run(config, "list") == 0
    out = capsys.readouterr().out
    assert "launches https://moodle.example/mod/lti/auth.php" in out
    assert "deployment d-1" in out


@pytest.mark.parametrize("vendor", ("canvas", "schoology"))
def test_the_vendors_own_addresses_need_not_be_typed(config, capsys, vendor):
    assert run(config, "add", vendor, f"--{vendor}", *GIVEN) == 0
    assert "may open Roomtone from 1 deployment" in capsys.readouterr().out


def test_deployments_come_and_go_with_the_links_of_people(config, capsys):
    assert run(config, "add", "lms", *OWN, *GIVEN) == 0
    assert run(config, "allow", "lms", "--deployment", "d-2") == 0
    with school_of(config) as school:
        by = Actor(name="a test", utc_ns=1)
        ada = school.people.add("Ada", "ada", ["teacher"], by)
        for deployment in ("d-1", "d-2"):
            own = Actor(name="Ada", utc_ns=2, person=ada.id)
            assert school.platforms.link("lms", deployment, "subject", own)
            assert not school.platforms.link("lms", deployment, "subject", own)
    assert run(config, "refuse", "lms", "--deployment", "d-2") == 0
    assert "1 link to people went with it" in capsys.readouterr().out
    with school_of(config) as school:
        assert len(school.platforms.accounts(ada.id)) == 1
    assert run(config, "remove", "lms") == 0
    with school_of(config) as school:
        assert school.platforms.accounts(ada.id) == []
        assert school.platforms.platforms() == []


def test_who_got_into_an_account_is_kept_out(config, capsys):
    assert run(config, "add", "lms", *OWN, *GIVEN) == 0
    with school_of(config) as school:
        by = Actor(name="a test", utc_ns=1)
        ada = school.people.add("Ada", "ada", ["teacher"], by)
        own = Actor(name="Ada", utc_ns=2, person=ada.id)
        school.platforms.link("lms", "d-1", "subject", own)
        session = school.people.start_session(ada.id, "a thief's", 3)
    assert run(config, "unlink", "ada") == 0
    assert "Ada had 1 linked account of platforms." in capsys.readouterr().out
    with school_of(config) as school:
        assert school.platforms.accounts(ada.id) == []
        assert school.people.session(session, 4) is None
        done = school.audit.done_to(ada.id, ["unlinked_platform"], 0, 9)
        assert [entry.who for entry in done] == ["roomtone lti"]
    assert run(config, "unlink", "bob") == 2
    assert "nobody signs in as bob" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    (
        (("add", "LMS", *OWN, *GIVEN), "no name for a platform"),
        (("add", "x", *OWN[:2], *GIVEN), "--issuer needs --auth-url and --jwks-url too"),
        (("add", "x", "--canvas", *OWN[2:4], *GIVEN), "are for --issuer alone"),
        (("add", "x", *OWN[:3], "http://lms.example/auth", *OWN[4:], *GIVEN), "begins with https://"),
        (("add", "x", *OWN, "--client-id", ""), "client id has 1 to 255"),
        (("add", "x", *OWN, "--client-id", "1", "--deployment", "d\u00e9"), "deployment has 1 to 255"),
        (("add", "x", "--moodle", "moodle.example", *GIVEN), "begins with https://"),
        (("add", "x", "--title", "", "--title", "y" * 61, *OWN, *GIVEN), "title has 1 to 60"),
        (("add", "lms", *OWN, *GIVEN), "there is a platform lms already"),
        (("add", "other", *OWN, *GIVEN), "lms has this issuer and client id already"),
        (("allow", "lms", "--deployment", "d-1"), "has this deployment already"),
        (("refuse", "lms", "--deployment", "d-9"), "has no such deployment"),
        (("remove", "never-was"), "there is no platform never-was"),
    ),
)  # fmt: skip
def test_what_does_not_fit_is_a_sentence(config, capsys, words, said):
    assert run(config, "add", "lms", *OWN, *GIVEN) == 0
    assert run(config, *words) == 2
    assert said in capsys.readouterr().err
    with school_of(config) as school:
        (found,) = school.platforms.platforms()
        assert found.deployments == {"d-1"}
