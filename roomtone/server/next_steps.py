"""What a technician types after an installation."""

from __future__ import annotations

from contract.errors import RoomtoneError
from roomtone.server.machine import Machine
from roomtone.server.plan import SETTINGS, USER, ServerPlan

__all__ = ["next_steps"]


def next_steps(plan: ServerPlan, machine: Machine, program: str, administrator: str | None) -> None:
    """Make the first administrator, and print what comes next."""
    if administrator is not None:
        _add(machine, program, administrator)
    machine.say("")
    machine.say("Next:")
    if administrator is None:
        _line(machine, "sudo roomtone admin create --name NAME --sign-in-name ADDRESS",
              "the first administrator, with a link to choose a password")  # fmt: skip
    _line(machine, "sudo roomtone room add --help", "a room, its seats and kits")
    _line(machine, "sudo roomtone lesson import FILE", "the timetable")
    _line(machine, "sudo roomtone server backup --to PLACE", "a backup each night, to another disk")
    _line(machine, "sudo roomtone doctor", "whether everything works")
    if plan.https == "none":
        machine.say(
            "The pages: ssh -L 8000:127.0.0.1:8000 "
            f"{plan.name}, then http://127.0.0.1:8000/ in your browser."
        )
    else:
        machine.say(f"The pages: https://{plan.name}/")


def _add(machine: Machine, program: str, address: str) -> None:
    words = (
        "runuser", "-u", USER, "--", program, "admin", "create", "--config", SETTINGS,
        "--name", address.partition("@")[0], "--sign-in-name", address,
    )  # fmt: skip
    if machine.is_dry or not machine.has_programs:
        machine.do(*words)
        return
    try:
        for line in machine.programs.run(words).splitlines():
            machine.say(line)
    except RoomtoneError as error:
        # Such as: there is somebody with this name, from an earlier installation.
        machine.say(f"No administrator was added: {error}")


def _line(machine: Machine, command: str, purpose: str) -> None:
    machine.say(f"  {command:<58} {purpose}")
