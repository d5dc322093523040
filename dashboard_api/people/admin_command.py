"""`roomtone admin`: `school/commands/admin.py` on this server's database and its pages' address."""

from __future__ import annotations

import argparse
from contextlib import closing

from contract.clock import SystemClock
from contract.one_line import say
from dashboard_api.settings import DashboardSettings, checked_dashboard
from ingest.config_option import add_config_option
from ingest.monitoring.page_address import noted_address, url_of
from ingest.settings import ServerSettings
from school import open_school
from school.audit.actor import Actor
from school.commands.admin import AdminDesk, add_actions

__all__ = ["add_arguments", "pages_address", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    add_config_option(parser, add_actions(parser))


def run(args: argparse.Namespace) -> int:
    """Run the action."""
    settings = ServerSettings.load(args.config)
    dashboard = checked_dashboard(settings.dashboard, args.config)
    with closing(open_school(settings.data_dir, settings.school.database_url)) as school:
        by = Actor(name="roomtone admin", utc_ns=SystemClock().utc_ns())
        desk = AdminDesk(school.people, pages_address(settings, dashboard), by, say)
        args.do(desk, args)
    return 0


def pages_address(settings: ServerSettings, dashboard: DashboardSettings) -> str:
    """Of the pages as people open them, as far as the settings or the running pages say it."""
    if dashboard.link_base is not None:
        return dashboard.link_base
    noted = noted_address(settings.data_dir)
    if noted is not None:
        return noted.url
    return url_of(dashboard.host, dashboard.port, is_https=dashboard.certificate is not None)
