"""Who was refused may ask again: how often he was refused in one session"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("knock", schema=None) as batch_op:
        batch_op.add_column(sa.Column("denials", sa.Integer(), server_default=sa.text("0"), nullable=False))
