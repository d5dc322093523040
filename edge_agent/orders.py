"""What the server wants of a kit, and what the kit answers: configuration, commands, its pauses."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from contract.wire.messages import Command, CommandResult, Config, ConfigReported
from edge_agent.config_file import load_config, store_config
from edge_agent.pushed_settings import PushedSettings
from edge_agent.sensing.seconds import Sensing
from edge_agent.switch.off_switch import OffSwitch

__all__ = ["Orders"]

log = logging.getLogger(__name__)

_MAX_TROUBLES: Final = 16
_MAX_TROUBLE: Final = 300


class Orders:
    """Follows the configuration, obeys commands and the button, and reports. The agent's thread."""

    def __init__(
        self,
        *,
        sensing: Sensing,
        switch: OffSwitch,
        pushed: PushedSettings,
        identify: Callable[[str | None], str | None],
        config_path: Path,
        max_commands: int,
    ) -> None:
        self.is_restarting = False
        """Whether a `restart` command has come."""
        self._sensing = sensing
        self._switch = switch
        self._pushed = pushed
        self._identify_sources = identify
        self._config_path = config_path
        self._max_commands = max_commands
        self._config = Config(revision=0, lessons=())
        self._results: OrderedDict[str, CommandResult] = OrderedDict()
        self._shown: tuple[object, ...] | None = None

    def start(self) -> None:
        """Follow what the last run followed: its configuration and its pauses."""
        if (config := load_config(self._config_path)) is not None:
            self.handle_config(config)
        self._switch.start()
        self._sensing.pause(self._switch.paused_by, boot_ns=0)

    def step(self) -> bool:
        """Obey the button; returns whether what the kit reports has changed."""
        pressed_ns = self._switch.step()
        if pressed_ns is not None:
            self._sensing.pause(self._switch.paused_by, boot_ns=pressed_ns)
        paused_by = self._sensing.paused_by()
        is_sampling = self._sensing.is_sampling and not paused_by
        self._switch.show(is_sampling=is_sampling, paused_by=paused_by)
        shown = is_sampling, paused_by, self._troubles(), self._pushed.followed
        is_news, self._shown = shown != self._shown, shown
        return is_news

    def config_reported(self) -> ConfigReported:
        paused_by = self._sensing.paused_by()
        return ConfigReported(
            revision=self._config.revision,
            is_sampling=self._sensing.is_sampling and not paused_by,
            paused_by=tuple(sorted(paused_by)),
            button_since_utc_ns=self._switch.button_utc_ns,
            troubles=tuple(
                sentence[:_MAX_TROUBLE] for sentence in self._troubles()[:_MAX_TROUBLES]
            ),
            settings=self._pushed.followed,
        )

    def handle_config(self, config: Config) -> None:
        """Follow a configuration from the server or from the last run."""
        if config != self._config:
            store_config(self._config_path, config)
        self._config = config
        self._pushed.follow(config.settings)
        for sentence in self._pushed.troubles:
            log.error("%s", sentence)
        self._sensing.configure(config)

    def _troubles(self) -> tuple[str, ...]:
        return (*self._switch.troubles, *self._pushed.troubles)

    def handle_command(self, command: Command, *, boot_ns: int) -> CommandResult:
        """Obey a command once, however often it comes."""
        if command.id not in self._results:
            self._results[command.id] = self._obey(command, boot_ns)
            while len(self._results) > self._max_commands:
                self._results.popitem(last=False)
        return self._results[command.id]

    def _obey(self, command: Command, boot_ns: int) -> CommandResult:
        log.info("Command %s (%s).", command.command, command.id)
        why = ""
        match command.command:
            case "start" | "stop":
                self._sensing.switch(command.command)
            case "pause" | "resume":
                self._switch.command(is_paused=command.command == "pause")
                self._sensing.pause(self._switch.paused_by, boot_ns=boot_ns)
                why = self._still_paused() if command.command == "resume" else ""
            case "restart":
                self.is_restarting = True
            case "identify":
                return self._identify(command)
        return CommandResult(id=command.id, is_done=not why, why=why)

    def _still_paused(self) -> str:
        """Why a `resume` did not make the kit sense; a command ends no other pause."""
        others = ", ".join(sorted(self._sensing.paused_by()))
        return f"the kit stays paused by: {others}" if others else ""

    def _identify(self, command: Command) -> CommandResult:
        if (why := self._identify_sources(command.hub)) is not None:
            return CommandResult(id=command.id, is_done=False, why=why)
        if command.hub is None:
            self._switch.identify()
        return CommandResult(id=command.id, is_done=True)
