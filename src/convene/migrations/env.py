"""Alembic's entry: runs on the connection, inside the transaction, that `convene.migrations` hands over."""

from typing import Any, Literal

from alembic import context

from convene.tables import Moment, metadata


def _stored(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations name what is stored, not our types, which may change later."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Moment) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=_stored,
)
context.run_migrations()
