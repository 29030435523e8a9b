"""Who asks: the credentials of one request to the API, and what it wants to do."""

from fastapi import Request

from convene import access
from convene.access import Application
from convene.db import Tx


class Caller:
    """The caller of one request. `application(tx)` is the only way for a door to learn for which tenant it works."""

    def __init__(self, request: Request, scope: str):
        self._authorization = request.headers.get("authorization")
        self._scope = scope

    def application(self, tx: Tx) -> Application:
        """The application, inside the request's own transaction. Raises Unauthenticated, Forbidden `scope_missing`."""
        return access.application_for(tx, self._authorization, self._scope)
