"""Kept answers stand alone: applications are never removed, so a look at theirs with each answer guards nothing"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("kept_answer", schema=None) as batch_op:
        batch_op.drop_constraint("fk_kept_answer_application_id", type_="foreignkey")
