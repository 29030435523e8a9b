"""The meeting page and its assets, all from our own origin. Meeting addresses: `/{code}`, `/?room_token=…`,
and, with a theme's own address before them, `/{short}/{code}`, `/{short}/?room_token=…`.

The build puts a `.br` and a `.gz` beside each asset that is worth it; a browser gets the smallest one that it takes.
"""

import os
from mimetypes import guess_type
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from convene.errors import NotFound
from convene.runtime import Runtime

FOLDER = Path(__file__).parents[1] / "page"
FOREVER = "public, max-age=31536000, immutable"  # the names of assets carry a hash of what is in them
ASK_AGAIN = "no-cache"
ENCODINGS = {"br": ".br", "gzip": ".gz"}  # the smaller one first


def router(_runtime: Runtime) -> APIRouter:
    """The page under every address that a meeting link may have."""
    routes = APIRouter(include_in_schema=False)
    methods = ["GET", "HEAD"]

    async def page(request: Request) -> Response:
        return file_answer(request, FOLDER / "index.html", ASK_AGAIN)

    async def asset(request: Request, name: str) -> Response:
        return file_answer(request, FOLDER / "assets" / name, FOREVER)

    async def favicon() -> Response:
        raise NotFound("not_found", "There is no such file.")  # the page names its own icon; this is what crawlers try

    routes.add_api_route("/", page, methods=methods)
    routes.add_api_route("/assets/{name}", asset, methods=methods)
    routes.add_api_route("/favicon.ico", favicon, methods=methods)
    routes.add_api_route("/{code}", page, methods=methods)
    routes.add_api_route("/{short}/", page, methods=methods)
    routes.add_api_route("/{short}/{code}", page, methods=methods)
    return routes


def file_answer(request: Request, path: Path, caching: str) -> Response:
    """A file of the page, as small as the browser takes it; 304 when it has it already. Raises NotFound."""
    if path.suffix in ENCODINGS.values() or not path.is_file():
        raise NotFound("not_found", "There is no such file.")
    headers = {"Cache-Control": caching, "Vary": "Accept-Encoding"}
    sent = path
    for encoding in _taken(request):
        smaller = path.with_name(path.name + ENCODINGS[encoding])
        if smaller.is_file():
            headers["Content-Encoding"] = encoding
            sent = smaller
            break
    answer = FileResponse(sent, headers=headers, media_type=guess_type(path.name)[0], stat_result=os.stat(sent))
    if _STATIC.is_not_modified(answer.headers, request.headers):
        return NotModifiedResponse(answer.headers)
    return answer


_STATIC = StaticFiles(directory=FOLDER, check_dir=False)  # for its reading of `If-None-Match` and `If-Modified-Since`


def _taken(request: Request) -> list[str]:
    """The encodings of ours that the browser takes, best first (RFC 9110 §12.5.3)."""
    wishes: dict[str, bool] = {}
    for part in request.headers.get("accept-encoding", "").split(","):
        name, _, parameter = part.partition(";")
        quality = parameter.strip().removeprefix("q=")
        wishes[name.strip().lower()] = quality.strip("0.") != "" or quality == ""
    return [encoding for encoding in ENCODINGS if wishes.get(encoding, wishes.get("*", False))]
