"""Themes' pictures: uploads come in by forms that we signed, in S3's dialect (contract §3.4); taken ones are served to all.

The vendor's clients build their forms in six ways: every field as a file (Python), the file without a file's name (.NET),
PUT with no boundary in the header (PHP), or nothing at all (Node). What is in the parts counts, not how they are dressed.
"""

import re
from typing import Any
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request, Response
from python_multipart import FormParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, parse_options_header

from convene import uploads
from convene.errors import Invalid, Refusal
from convene.logos import LARGEST
from convene.runtime import Runtime
from convene.web.app import STATUS

UPLOADS = "/uploads/logos"
PICTURES = "/pictures"
BODY_LIMIT = 2 * LARGEST  # a file somewhat too large still comes in, so that the client reads why it is none
PARTS_LIMIT = 20
NO_FORM = (b"", b"[object FormData]")  # what the Node SDK sends, by an error of its own, in place of its form
FOREVER = "public, max-age=31536000, immutable"  # a key is given to one picture, once

_BOUNDARY = re.compile(rb"\s*--([^\r\n]{1,200}?)[ \t]*\r\n")
_FORM = {
    "type": "object",
    "properties": {"key": {"type": "string"}, "file": {"type": "string", "format": "binary"}},
    "required": ["key", "file"],
    "additionalProperties": {"type": "string"},
}
_ERROR = {"content": {"application/xml": {"schema": {"type": "string"}}}}
UPLOAD: dict[str, Any] = {
    "status_code": 204,
    "summary": "Upload a theme's picture",
    "description": "All fields of an entry of `GET /themes/logos-upload-urls`, unchanged, and then the `file`.",
    "responses": {
        400: {"description": "Not such a form", **_ERROR},
        403: {"description": "Not a form of ours, changed, or too late", **_ERROR},
    },
    "openapi_extra": {"requestBody": {"content": {"multipart/form-data": {"schema": _FORM}}}},
}


def router(runtime: Runtime) -> APIRouter:
    """The way in and the way out."""
    routes = APIRouter(tags=["Themes"])
    db = runtime.db

    async def upload(request: Request) -> Response:
        try:
            content = await _body(request)
            if (
                content.strip() not in NO_FORM
            ):  # else nothing is kept, and the client goes on to read that it is not there
                fields, file = _form(content, request.headers.get("content-type", ""))
                await db.write(uploads.receive, fields, file)
        except Refusal as refusal:
            return _refused(refusal)
        return Response(status_code=204)

    async def picture(key: str) -> Response:
        content = await db.read(uploads.shown, key)
        return Response(content, media_type="image/png", headers={"Cache-Control": FOREVER})

    for method in ("POST", "PUT"):
        routes.add_api_route(UPLOADS, upload, methods=[method], **UPLOAD)
    routes.add_api_route(f"{PICTURES}/{{key}}", picture, methods=["GET", "HEAD"], include_in_schema=False)
    return routes


async def _body(request: Request) -> bytes:
    """The whole body. Raises Invalid, and reads no further, when it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > BODY_LIMIT:
            raise Invalid("entity_too_large", "Your proposed upload exceeds the maximum allowed size")
    return b"".join(parts)


def _form(content: bytes, content_type: str) -> tuple[dict[str, str], bytes]:
    """The fields as text, and the file. Raises Invalid."""
    parts: list[tuple[str, bytes]] = []
    ends: list[bool] = []

    def keep(part: Field | File) -> None:
        value = part.file_object.getvalue() if isinstance(part, File) else part.value  # type: ignore[union-attr]
        if len(parts) == PARTS_LIMIT:
            raise FormParserError("too many parts")
        parts.append(((part.field_name or b"").decode(errors="replace"), value or b""))

    in_memory = {"MAX_MEMORY_FILE_SIZE": BODY_LIMIT}
    try:
        boundary = _boundary(content, content_type)
        parser = FormParser(
            "multipart/form-data", keep, keep, lambda: ends.append(True), boundary=boundary, config=in_memory
        )
        parser.write(content)
    except FormParserError:
        ends.clear()
    if not ends:
        raise Invalid("malformed_post_request", "The body of your POST request is not well-formed multipart/form-data.")
    files = [value for name, value in parts if name == "file"]
    if len(files) != 1:
        raise Invalid("invalid_argument", "POST requires exactly one file upload per request.")
    return {name: value.decode(errors="replace") for name, value in parts if name != "file"}, files[0]


def _boundary(content: bytes, content_type: str) -> bytes:
    """What divides the parts: as the header says, else as the body shows. Raises FormParserError."""
    said = parse_options_header(content_type)[1].get(b"boundary")
    seen = _BOUNDARY.match(content)
    if not said and not seen:
        raise FormParserError("no boundary")
    return said or (seen[1] if seen else b"")


def _refused(refusal: Refusal) -> Response:
    """As S3 says no."""
    code = refusal.code.title().replace("_", "")
    told = f"<Error><Code>{code}</Code><Message>{escape(refusal.args[0])}</Message></Error>"
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n{told}'
    return Response(content, STATUS[type(refusal)], media_type="application/xml")
