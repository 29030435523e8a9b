"""Our own API beside the vendor's: what was announced, how its delivery went, and what an application keeps.

Refusals are `{"error": {"code", "message", "field"?}}`.
"""

from typing import Any

from fastapi import APIRouter, Security
from fastapi.security import HTTPBasic, HTTPBearer

from convene.runtime import Runtime
from convene.web.api import application, endpoints, events, mail_templates
from convene.web.meeting_bodies import Refused
from convene.web.route import ApiRoute

_SCHEMES = [Security(HTTPBearer(auto_error=False)), Security(HTTPBasic(auto_error=False))]


def router(runtime: Runtime) -> APIRouter:
    """The routes under /api that callers with an application's key use."""
    refusals: dict[int | str, dict[str, Any]] = {status: {"model": Refused} for status in ("4XX", "5XX")}
    routes = APIRouter(prefix="/api", route_class=ApiRoute, dependencies=_SCHEMES, responses=refusals)
    events.add(routes, runtime)
    endpoints.add(routes, runtime)
    application.add(routes, runtime)
    mail_templates.add(routes, runtime)
    return routes
