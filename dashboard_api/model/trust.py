"""The text that says how far to trust a suggestion or an estimate."""

from __future__ import annotations

from contract.language import _
from dashboard_api.language.dates import number_text
from dashboard_api.views.text import TRUST
from models.school_model.labels import school_figure
from school.moments.records import VerdictCount

__all__ = ["is_checked", "trust_text"]


def is_checked(count: VerdictCount) -> bool:
    """Whether a school has answered enough suggestions for a figure of its own."""
    return school_figure(count.confirmed, count.dismissed) is not None


def trust_text(count: VerdictCount) -> str:
    """The fixed text, or the school's own figure once it has answered enough suggestions.

    It completes the sentence "This estimate is …".
    """
    figure = school_figure(count.confirmed, count.dismissed)
    if figure is None:
        return _(TRUST)
    return _(
        "checked in this school: {confirmed} of {n} suggested moments were worth talking about "
        "({share} %; 95 % interval {low} to {high} %)",
        confirmed=figure.confirmed,
        n=figure.n,
        share=number_text(figure.share * 100),
        low=number_text(figure.low * 100),
        high=number_text(figure.high * 100),
    )
