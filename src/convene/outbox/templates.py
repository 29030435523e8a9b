"""An application's own wording of its letters, part by part."""

from collections import defaultdict
from collections.abc import Collection, Mapping

import sqlalchemy as sa

from convene import tables
from convene.db import Tx
from convene.errors import Invalid, NotFound
from convene.letters import BadTemplate, Kind, Part, checked

_t = tables.mail_template.c
_OWN = _t.application_id == sa.bindparam("application")
_OF_KIND = sa.and_(_OWN, _t.kind == sa.bindparam("of_kind"))
_ALL = sa.select(_t.application_id, _t.kind, _t.part, _t.source).where(
    _t.application_id.in_(sa.bindparam("applications", expanding=True))
)
_ONE = sa.select(_t.part, _t.source).where(_OF_KIND)
_DROP = sa.delete(tables.mail_template).where(_OF_KIND)
_DROP_ALL = sa.delete(tables.mail_template).where(_OWN)


def template(tx: Tx, application_id: str, kind: Kind) -> dict[Part, str]:
    """The application's own parts of a kind; the rest is worded as ours. Raises NotFound when it has none."""
    rows = tx.all(_ONE, {"application": application_id, "of_kind": str(kind)})
    if not rows:
        raise NotFound("template_unknown", "The application has no template of its own for this kind.")
    return {Part(row.part): row.source for row in rows}


def templates(tx: Tx, application_ids: Collection[str]) -> Mapping[tuple[str, Kind], dict[Part, str]]:
    """Those of several applications, by application and kind."""
    found: defaultdict[tuple[str, Kind], dict[Part, str]] = defaultdict(dict)
    for row in tx.all(_ALL, {"applications": sorted(application_ids)}):
        found[row.application_id, Kind(row.kind)][Part(row.part)] = row.source
    return found


def put_template(tx: Tx, application_id: str, kind: Kind, parts: Mapping[Part, str]) -> None:
    """Replaces the application's wording of a kind. Raises Invalid for a part that cannot be filled."""
    for part, source in parts.items():
        try:
            checked(part, source)
        except BadTemplate as error:
            raise Invalid("bad_template", str(error), field=str(part)) from None
    tx.alone(f"mail template {application_id}")  # two at once would each delete, then both insert
    tx.execute(_DROP, {"application": application_id, "of_kind": str(kind)})
    row = {"application_id": application_id, "kind": str(kind), "updated_at": tx.now}
    tx.execute(
        sa.insert(tables.mail_template), [{**row, "part": str(part), "source": text} for part, text in parts.items()]
    )


def drop_template(tx: Tx, application_id: str, kind: Kind) -> None:
    """Back to our wording. Raises NotFound when it has none of its own."""
    if not tx.changed(_DROP, {"application": application_id, "of_kind": str(kind)}):
        raise NotFound("template_unknown", "The application has no template of its own for this kind.")


def forget_templates(tx: Tx, application_id: str) -> int:
    """Of a deleted application; how many went."""
    return tx.changed(_DROP_ALL, {"application": application_id})
