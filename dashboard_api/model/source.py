"""Whose lessons a model's figures are from, in words."""

from __future__ import annotations

from contract.language import pgettext

__all__ = ["source_text"]


def source_text(source: str) -> str:
    """What a manifest calls `simulated` or `unknown`; another source has a name of its own."""
    words = {
        "simulated": pgettext("whose lessons", "simulated"),
        "unknown": pgettext("whose lessons", "unknown"),
    }
    return words.get(source, source)
