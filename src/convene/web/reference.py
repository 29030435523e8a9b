"""`GET /openapi.json`: the document of all doors. `GET /reference`: the page that shows it, from our own origin."""

import asyncio
import hashlib

from fastapi import APIRouter, Request, Response

from convene.runtime import Runtime
from convene.web.app import as_json, openapi
from convene.web.page import ASK_AGAIN, FOLDER, file_answer


def router(runtime: Runtime) -> APIRouter:
    """The two routes. The document is made when it is asked for the first time: that takes a while."""
    routes = APIRouter(include_in_schema=False)
    making = asyncio.Lock()
    made: list[bytes] = []

    async def whole(request: Request) -> Response:
        async with making:
            if not made:
                shown = await asyncio.to_thread(openapi, runtime)
                made.append(as_json(shown))
        tag = f'"{hashlib.blake2b(made[0], digest_size=12).hexdigest()}"'
        headers = {"ETag": tag, "Cache-Control": ASK_AGAIN}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(made[0], 200, headers, "application/json")

    async def reference(request: Request) -> Response:
        return file_answer(request, FOLDER / "reference.html", ASK_AGAIN)

    routes.add_api_route("/openapi.json", whole, methods=["GET", "HEAD"])
    routes.add_api_route("/reference", reference, methods=["GET", "HEAD"])
    return routes
