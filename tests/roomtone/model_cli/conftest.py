"""The invented class of the model's own tests, for its commands as well."""

from tests.models.conftest import make_lesson

__all__ = ["make_lesson"]
