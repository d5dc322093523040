"""What was done to a person is found by its action, however often somebody guesses their password."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index of things again, with the action in it."""
    op.drop_index("audit_events_thing", "audit_events")
    op.create_index("audit_events_thing", "audit_events", ["thing_id", "thing", "action", "number"])
