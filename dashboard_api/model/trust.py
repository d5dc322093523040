"""The text that says how far to trust a suggestion or an estimate."""

from __future__ import annotations

from dashboard_api.views.text import TRUST
from models.school_model.labels import school_figure
from school.moments.records import VerdictCount

__all__ = ["trust_text"]


def trust_text(count: VerdictCount) -> str:
    """The fixed text, or the school's own figure once it has answered enough suggestions.

    It completes the sentence "This estimate is …".
    """
    figure = school_figure(count.confirmed, count.dismissed)
    if figure is None:
        return TRUST
    return (
        f"checked in this school: {figure.confirmed} of {figure.n} suggested moments were worth "
        f"talking about ({figure.share * 100:.0f} %; 95 % interval {figure.low * 100:.0f} to "
        f"{figure.high * 100:.0f} %)"
    )
