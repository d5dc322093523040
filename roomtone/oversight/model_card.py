"""The card of the model that scores here."""

from __future__ import annotations

from contract.errors import ModelError
from models.serving.off_task import OffTaskModel
from roomtone.model_cli.card import card_text
from roomtone.oversight.blocks import Block, Bullets, Document, Heading, Listing, Paragraph
from roomtone.oversight.situation import Situation

__all__ = ["model_card"]


def model_card(now: Situation) -> Document:
    """What the model is, what it is for, and how good it is."""
    try:
        card: Block = Listing(card_text(OffTaskModel.load(now.settings.score.model_file)))
    except ModelError as error:
        card = Paragraph(f"The model can't be read: {error}")
    return Document(
        name="model", title="Model card",
        about="The model's data, figures and limits, and what it is and is not for.",
        blocks=(
            Heading("Intended use"),
            Paragraph(
                "A teacher and a coach whom the teacher chose look back at a lesson. The model finds "
                "spans in which a zone of five seats or more, or the room, moved more than usual: "
                "places to talk about, not findings."
            ),
            Heading("Not intended"),
            Bullets((
                "Supervising tests or exams, or finding anyone who breaks a rule.",
                "Rating, ranking, promoting or dismissing a teacher, or any decision about a pupil.",
                "Emotions, intentions or attention of a person: it estimates a share of a group.",
            )),
            Heading("Figures"),
            card,
        ),
    )  # fmt: skip
