"""The pages, as in the tests of the dashboard."""

from tests.dashboard_api.conftest import client, clock, coach, filled, sample_lesson, stores

__all__ = ["client", "clock", "coach", "filled", "sample_lesson", "stores"]
