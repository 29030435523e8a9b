"""The meeting page and its assets, all from our own origin. Meeting addresses: `/{code}`, `/{short}/{code}`, `/?room_token=…`."""

from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse

from convene.errors import NotFound
from convene.runtime import Runtime

FOLDER = Path(__file__).parents[1] / "page"
FOREVER = "public, max-age=31536000, immutable"  # the names of assets carry a hash of what is in them


def router(_runtime: Runtime) -> APIRouter:
    """The page under every address that a meeting link may have."""
    routes = APIRouter(include_in_schema=False)
    methods = ["GET", "HEAD"]

    async def page() -> Response:
        return FileResponse(FOLDER / "index.html", headers={"Cache-Control": "no-cache"})

    async def asset(request: Request, name: str) -> Response:
        path = FOLDER / "assets" / name
        if "/" in name or not path.is_file():
            raise NotFound("not_found", "There is no such file.")
        return FileResponse(path, headers={"Cache-Control": FOREVER})

    async def favicon() -> Response:
        path = FOLDER / "favicon.svg"
        return FileResponse(path) if path.is_file() else Response(status_code=404)

    routes.add_api_route("/", page, methods=methods)
    routes.add_api_route("/assets/{name}", asset, methods=methods)
    routes.add_api_route("/favicon.svg", favicon, methods=methods)
    routes.add_api_route("/favicon.ico", favicon, methods=methods)
    routes.add_api_route("/{code}", page, methods=methods)
    routes.add_api_route("/{short}/{code}", page, methods=methods)
    return routes
