"""The audit log: its entries, the names apart from them, and the head that retention leaves.

Triggers hold that an entry stays as it is, and that only what the signed head counts as removed
can be deleted. They guard against mistakes; the chain shows what somebody does without them.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SQLITE: Final = (
    """
CREATE TRIGGER audit_events_unchanged BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'an entry of the audit log stays as it is');
END
""",
    # INSERT OR REPLACE would remove an entry without the trigger below.
    """
CREATE TRIGGER audit_events_not_replaced BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE number = NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'an entry of the audit log stays as it is');
END
""",
    """
CREATE TRIGGER audit_events_kept BEFORE DELETE ON audit_events
WHEN OLD.number > COALESCE((SELECT number FROM audit_head), 0)
BEGIN
    SELECT RAISE(ABORT, 'an entry of the audit log goes by its retention alone');
END
""",
    """
CREATE TRIGGER audit_head_rises BEFORE UPDATE ON audit_head
WHEN NEW.number < OLD.number
BEGIN
    SELECT RAISE(ABORT, 'the head of the audit log only rises');
END
""",
    """
CREATE TRIGGER audit_head_kept BEFORE DELETE ON audit_head
BEGIN
    SELECT RAISE(ABORT, 'the head of the audit log only rises');
END
""",
)
_POSTGRES: Final = (
    """
CREATE FUNCTION audit_events_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.number <= COALESCE((SELECT number FROM audit_head), 0) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'an entry of the audit log goes by its retention alone'
            USING ERRCODE = '23000';
    END IF;
    RAISE EXCEPTION 'an entry of the audit log stays as it is' USING ERRCODE = '23000';
END $$
""",
    """
CREATE TRIGGER audit_events_kept BEFORE UPDATE OR DELETE ON audit_events
FOR EACH ROW EXECUTE FUNCTION audit_events_guard()
""",
    """
CREATE TRIGGER audit_events_not_emptied BEFORE TRUNCATE ON audit_events
FOR EACH STATEMENT EXECUTE FUNCTION audit_events_guard()
""",
    """
CREATE FUNCTION audit_head_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.number >= OLD.number THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the head of the audit log only rises' USING ERRCODE = '23000';
END $$
""",
    """
CREATE TRIGGER audit_head_rises BEFORE UPDATE OR DELETE ON audit_head
FOR EACH ROW EXECUTE FUNCTION audit_head_guard()
""",
)


def upgrade() -> None:
    """Make the three tables, and what guards them."""
    op.create_table(
        "audit_events",
        sa.Column("number", _COUNT, primary_key=True, autoincrement=False),
        sa.Column("at_utc_ns", _COUNT, nullable=False),
        sa.Column("actor", _TEXT, nullable=False),
        sa.Column("action", _TEXT, nullable=False),
        sa.Column("thing", _TEXT, nullable=False),
        sa.Column("thing_id", _TEXT, nullable=False),
        sa.Column("lesson", _TEXT),
        sa.Column("detail", _TEXT, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("audit_events_lesson", "audit_events", ["lesson", "number"])
    op.create_index("audit_events_actor", "audit_events", ["actor", "number"])
    op.create_index("audit_events_thing", "audit_events", ["thing_id", "thing", "number"])
    op.create_table(
        "audit_names",
        sa.Column("actor", _TEXT, primary_key=True),
        sa.Column("person", _TEXT),
        sa.Column("name", _TEXT, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("audit_names_person", "audit_names", ["person"], unique=True)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 0", name="audit_head_is_one"),
                  primary_key=True, autoincrement=False),
        sa.Column("number", _COUNT, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("at_utc_ns", _COUNT, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )  # fmt: skip
    bind = op.get_bind()
    for statement in _SQLITE if bind.dialect.name == "sqlite" else _POSTGRES:
        bind.exec_driver_sql(statement.strip())
