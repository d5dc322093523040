"""What people write in a cohort's forms."""

from __future__ import annotations

from contract.errors import UsageError
from contract.language import _

__all__ = ["checked_text"]


def checked_text(text: str, longest: int, missing: str) -> str:
    """A text of a form; raises UsageError."""
    said = text.strip()
    if not said:
        raise UsageError(missing)
    if len(said) > longest:
        raise UsageError(_("Write {n} characters at most.", n=longest))
    return said
