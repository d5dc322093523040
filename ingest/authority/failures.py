"""Why the authority did not do what a page or a command asked, kept so that it can be translated.

The authority's process has no reader and so no language. It sends the message and its values, and
whoever asked puts them together.
"""

from __future__ import annotations

from contract.errors import StoreError, UsageError

__all__ = ["FailedStateError", "NotPossibleError", "WordedError"]


class WordedError(Exception):
    """An error with a message of the catalogue; `{name}` in it stands for the value of that name."""

    def __init__(self, message: str, /, **values: object) -> None:
        self.message = message
        self.values = {name: str(value) for name, value in values.items()}
        super().__init__(message.format(**self.values))


class NotPossibleError(WordedError, UsageError):
    """It can't be done as asked."""


class FailedStateError(WordedError, StoreError):
    """What the authority remembers can't be read or written."""
