"""An application's own wording of its mails, by our own API."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from convene import outbox
from convene.db import Tx
from convene.letters import Kind, Part
from convene.runtime import Runtime
from convene.web.app import answer
from convene.web.caller import Caller

READ, WRITE = "applications:read", "applications:write"

Source = Annotated[str | None, Field(min_length=1, max_length=48 * 1024)]


class MailTemplate(BaseModel):
    """Parts that are not given are worded as ours. Values are put in by `{{ name }}`; there are `if` and `for`."""

    model_config = ConfigDict(extra="forbid")
    subject: Source = None
    text: Source = None
    html: Source = None

    @model_validator(mode="after")
    def _some(self) -> "MailTemplate":
        if not self.model_dump(exclude_none=True):
            raise ValueError("at least one part must be given")
        return self


def add(routes: APIRouter, runtime: Runtime) -> None:
    """Adds the three routes."""
    db = runtime.db

    @routes.get("/mail-templates/{kind}", response_model=MailTemplate, summary="Get a mail template")
    async def get(request: Request, kind: Kind) -> Response:
        return answer(await db.read(_get, Caller(request, READ), kind))

    @routes.put("/mail-templates/{kind}", response_model=MailTemplate, summary="Set a mail template")
    async def put(request: Request, kind: Kind, body: MailTemplate) -> Response:
        """Replaces it. A part that cannot be filled, or could run away, is refused."""
        return answer(await db.write(_put, Caller(request, WRITE), kind, body))

    @routes.delete("/mail-templates/{kind}", status_code=204, summary="Delete a mail template")
    async def delete(request: Request, kind: Kind) -> Response:
        """From now on mails of this kind are worded as ours."""
        await db.write(_delete, Caller(request, WRITE), kind)
        return Response(status_code=204)


def _get(tx: Tx, caller: Caller, kind: Kind) -> dict[str, Any]:
    return _view(outbox.template(tx, caller.application(tx).id, kind))


def _put(tx: Tx, caller: Caller, kind: Kind, body: MailTemplate) -> dict[str, Any]:
    own = caller.application(tx).id
    outbox.put_template(tx, own, kind, {Part(name): text for name, text in body.model_dump(exclude_none=True).items()})
    return _view(outbox.template(tx, own, kind))


def _delete(tx: Tx, caller: Caller, kind: Kind) -> None:
    outbox.drop_template(tx, caller.application(tx).id, kind)


def _view(parts: dict[Part, str]) -> dict[str, Any]:
    return {str(part): parts.get(part) for part in Part}
