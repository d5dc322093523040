"""The invented class of tests/models, for the commands that draw classrooms."""

from __future__ import annotations

from tests.models.conftest import make_lesson

__all__ = ["make_lesson"]
