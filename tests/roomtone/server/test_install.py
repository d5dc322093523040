"""`roomtone server install`: into a folder, twice, dry, and with each kind of HTTPS."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from contract.errors import RoomtoneError, UsageError
from dashboard_api.settings import checked_dashboard
from ingest.settings import ServerSettings
from roomtone.cli import main
from roomtone.server.install import install, own_program
from roomtone.server.machine import MARK, Machine
from roomtone.server.plan import ServerPlan, own_time_zone
from roomtone.server.texts import UNITS
from tests.roomtone.server.recorded import RecordedPrograms, computer

PROGRAM = "/opt/roomtone/current/bin/roomtone"
SHIPPED = Path(__file__).parents[3] / "roomtone/server/systemd"


def plan(https: str = "none", **more: object) -> ServerPlan:
    answers = {
        "site": "our-school", "name": "roomtone.school.example", "time_zone": "Europe/Berlin",
    }  # fmt: skip
    return ServerPlan(**(answers | {"https": https} | more))  # type: ignore[arg-type]


def installed(machine: Machine, chosen: ServerPlan) -> list[str]:
    """Install; returns the commands that ran."""
    programs = machine.programs
    assert isinstance(programs, RecordedPrograms)
    programs.called = []
    machine.changed.clear()
    install(chosen, machine, lambda *_: None, PROGRAM)
    return programs.called


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_a_bare_computer_gets_packages_user_settings_and_services(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    called = installed(machine, plan("caddy-internal"))
    assert called[0] == "apt-get update"
    assert called[1].endswith("mosquitto chrony restic caddy")
    assert called.index("systemd-sysusers") < called.index("systemctl restart roomtone-ingest")
    assert called.index("systemctl daemon-reload") < called.index(
        "systemctl restart roomtone-ingest"
    )
    settings = ServerSettings.load(tmp_path / "etc/roomtone/server.toml")
    assert (settings.site, settings.lessons.time_zone) == ("our-school", "Europe/Berlin")
    assert str(settings.data_dir) == "/var/lib/roomtone/data"
    pages = checked_dashboard(settings.dashboard, tmp_path)
    assert pages.hosts == ("roomtone.school.example",)
    assert pages.link_base == "https://roomtone.school.example"
    assert (tmp_path / "usr/local/bin/roomtone").readlink() == Path(PROGRAM)
    assert (tmp_path / "var/lib/roomtone").stat().st_mode & 0o777 == 0o700
    assert "allow 10.0.0.0/8\n" in (tmp_path / "etc/chrony/conf.d/roomtone.conf").read_text()


def test_the_second_time_nothing_changes_and_nothing_restarts(tmp_path: Path) -> None:
    machine = computer(tmp_path, programs=("mosquitto", "chronyd", "restic", "caddy"))
    installed(machine, plan("caddy-public"))
    wants = tmp_path / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    for name in UNITS:  # what `systemctl enable` makes
        (wants / f"{name}.service").symlink_to(f"../{name}.service")
    before = tree(tmp_path)
    assert installed(machine, plan("caddy-public")) == [f"systemctl start {name}" for name in UNITS]
    assert not machine.changed
    assert tree(tmp_path) == before


def test_a_unit_that_changed_is_restarted_and_the_others_are_not(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    installed(machine, plan())
    unit = tmp_path / "etc/systemd/system/roomtone-score.service"
    unit.write_text(f"# {MARK}, an earlier version\n")
    called = installed(machine, plan())
    assert [line for line in called if "restart" in line] == ["systemctl restart roomtone-score"]
    assert PROGRAM in unit.read_text()
    assert not list(unit.parent.glob("*.before-roomtone"))


def test_a_service_that_does_not_start_is_named_after_the_others_were_tried(
    tmp_path: Path,
) -> None:
    machine = computer(tmp_path)
    assert isinstance(machine.programs, RecordedPrograms)
    machine.programs.failing.add("systemctl restart roomtone-ingest")
    with pytest.raises(RoomtoneError, match="roomtone-ingest did not start: `journalctl"):
        installed(machine, plan())
    assert machine.programs.called[-1] == "systemctl restart roomtone-dashboard"


def test_without_systemd_units_are_enabled_and_not_started(tmp_path: Path) -> None:
    called = installed(computer(tmp_path, systemd=False), plan())
    assert "systemctl enable roomtone-ingest" in called
    assert not [
        line for line in called if line.startswith(("systemctl start", "systemctl restart"))
    ]


def test_a_file_of_somebody_else_is_kept_beside_ours(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    (tmp_path / "etc/caddy").mkdir(parents=True)
    (tmp_path / "etc/caddy/Caddyfile").write_text(":80 {\n}\n")
    installed(machine, plan("caddy-internal"))
    assert "tls internal" in (tmp_path / "etc/caddy/Caddyfile").read_text()
    assert (tmp_path / "etc/caddy/Caddyfile.before-roomtone").read_text() == ":80 {\n}\n"


def test_settings_that_are_there_stay_and_another_site_is_refused(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    own = tmp_path / "etc/roomtone/server.toml"
    own.parent.mkdir(parents=True)
    own.write_text('site = "our-school"\ndata_dir = "/srv/roomtone"\n')
    installed(machine, plan())
    assert "/srv/roomtone" in own.read_text()
    with pytest.raises(UsageError, match="has the site 'our-school' and --site is 'other'"):
        installed(machine, plan(site="other"))


def test_replicas_get_their_service(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    own = tmp_path / "etc/roomtone/server.toml"
    own.parent.mkdir(parents=True)
    own.write_text(
        'site = "our-school"\n[[replicas]]\nname = "one"\nkind = "victoriametrics"\n'
        'url = "http://127.0.0.1:8428"\nwhat = "health"\n'
    )
    called = installed(machine, plan())
    assert "systemctl enable roomtone-replicate" in called
    assert called[-1] == "systemctl restart roomtone-replicate"


def test_where_a_collector_is_named_a_timer_sends_each_month(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    own = tmp_path / "etc/roomtone/server.toml"
    own.parent.mkdir(parents=True)
    own.write_text('site = "our-school"\n')
    assert not [line for line in installed(machine, plan()) if "roomtone-aggregates" in line]
    own.write_text('site = "our-school"\n[aggregates]\ncollector = "https://figures.example"\n')
    called = installed(machine, plan())
    assert "systemctl enable roomtone-aggregates.timer" in called
    assert "systemctl start roomtone-aggregates.timer" in called
    units = tmp_path / "etc/systemd/system"
    service = (units / "roomtone-aggregates.service").read_text()
    assert " aggregates send --config /etc/roomtone/server.toml\n" in service
    assert "User=roomtone\n" in service
    assert "OnCalendar=*-*-03," in (units / "roomtone-aggregates.timer").read_text()


def test_a_given_certificate_is_the_dashboards_and_its_key_private(tmp_path: Path) -> None:
    (tmp_path / "given.crt").write_text("certificate")
    (tmp_path / "given.key").write_text("key")
    machine = computer(tmp_path / "computer")
    chosen = plan(
        "files", certificate=tmp_path / "given.crt", private_key=tmp_path / "given.key"
    )  # fmt: skip
    installed(machine, chosen)
    etc = tmp_path / "computer/etc/roomtone"
    assert (etc / "pages.key").stat().st_mode & 0o777 == 0o600
    table = tomllib.loads((etc / "server.toml").read_text())["dashboard"]
    assert (table["port"], table["certificate"]) == (443, "/etc/roomtone/pages.crt")
    (tmp_path / "given.crt").write_text("a newer certificate")
    assert "systemctl restart roomtone-dashboard" in installed(machine, chosen)
    assert (etc / "pages.crt").read_text() == "a newer certificate"


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(("server", "install", "--site", "our-school", "--name", "s.example",
                 "--https", "caddy-public", "--root", str(tmp_path), "--dry-run"))  # fmt: skip
    said = capsys.readouterr().out
    assert code == 0
    assert "would write  /etc/roomtone/server.toml" in said
    assert "not run: apt-get install" in said
    assert not list(tmp_path.iterdir())


def test_the_command_installs_into_a_folder_and_says_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(("server", "install", "--site", "our-school", "--name", "s.example",
                 "--root", str(tmp_path), "--administrator", "ada@s.example"))  # fmt: skip
    said = capsys.readouterr().out
    assert code == 0
    assert "7 of 7: services" in said
    assert "--sign-in-name ada@s.example" in said
    assert "ssh -L 8000:127.0.0.1:8000 s.example" in said
    assert (tmp_path / "etc/systemd/system/roomtone-ingest.service").exists()


@pytest.mark.parametrize(
    ("wrong", "says"),
    (
        ({"site": "Our School"}, "--site is 'Our School'"),
        ({"name": "not a name"}, "--name is 'not a name'"),
        ({"name": "a\n}"}, "--name is"),
        ({"time_zone": "Mars/Base"}, "--time-zone is 'Mars/Base'"),
        ({"time_zone": "../etc"}, "--time-zone is '../etc'"),
        ({"time_for": ("all",)}, "--time-for is 'all'"),
        ({"https": "files"}, "--certificate and --key"),
        ({"certificate": Path("a")}, "go together"),
        ({"name": "server", "https": "caddy-public"}, "needs a public name"),
    ),
)
def test_answers_that_do_not_fit_are_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        plan(**wrong)  # type: ignore[arg-type]


def test_units_know_the_program_by_the_link_that_an_upgrade_moves() -> None:
    at = Path("/opt/roomtone/releases/20261130T000000Z")
    assert own_program(at, Path("/")) == PROGRAM
    assert own_program(Path("/srv/roomtone"), Path("/")) == "/srv/roomtone/bin/roomtone"
    with pytest.raises(UsageError, match="which services don't see"):
        own_program(Path("/home/ada/roomtone/.venv"), Path("/"))


def test_the_time_zone_of_this_computer_is_the_default(tmp_path: Path) -> None:
    zones = tmp_path / "usr/share/zoneinfo/Europe"
    zones.mkdir(parents=True)
    (zones / "Berlin").touch()
    (tmp_path / "localtime").symlink_to(zones / "Berlin")
    assert own_time_zone(tmp_path / "localtime") == "Europe/Berlin"
    assert own_time_zone(tmp_path / "none") == "UTC"


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The shipped units, for a program that exists."""
    program = tmp_path / "roomtone"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    found = []
    for shipped in sorted(SHIPPED.glob("*.service")):
        path = tmp_path / shipped.name.replace("@.", "@north.")
        path.write_text(shipped.read_text().replace(PROGRAM, str(program)))
        found.append(path)
    assert len(found) >= 7
    return found


@pytest.mark.systemd
def test_systemd_knows_every_line_of_the_units(units: list[Path]) -> None:
    words = ("systemd-analyze", "verify", "--man=no", *map(str, units))
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "roomtone" in line]
    assert not ours
    assert done.returncode == 0, done.stderr


@pytest.mark.systemd
def test_units_are_closed_as_far_as_their_work_permits(units: list[Path]) -> None:
    for path in units:
        # That of the broker writes Mosquitto's files for its user: it is root, with three rights of root's.
        most = "--threshold=21" if path.stem == "roomtone-broker" else "--threshold=20"
        words = ("systemd-analyze", "security", "--offline=true", most, str(path))
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout.splitlines()[-1]


@pytest.mark.caddy
@pytest.mark.parametrize("https", ("caddy-public", "caddy-internal"))
def test_caddy_understands_its_file(tmp_path: Path, https: str) -> None:
    installed(computer(tmp_path), plan(https))
    words = (
        str(shutil.which("caddy")), "adapt", "--adapter", "caddyfile",
        "--config", str(tmp_path / "etc/caddy/Caddyfile"),
    )  # fmt: skip
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ('"issuers":[{"module":"internal"}]' in done.stdout) == (https == "caddy-internal")
    assert '"dial":"127.0.0.1:8000"' in done.stdout
