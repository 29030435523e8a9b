"""A local S3: moto's server behind a gate that checks each signature with botocore, as S3 does and moto does not."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import boto3
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

KEY, SECRET, REGION = "AKIAEXAMPLEEXAMPLE00", "example/secret", "us-east-1"
STAMP = "%Y%m%dT%H%M%SZ"


class Gate:
    """WSGI: answers 403 unless the request carries a valid, current signature in its query or its headers."""

    def __init__(self, inner: Callable[..., Iterable[bytes]]):
        self.inner, self.away = inner, False

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self.away:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        if not self._allowed(environ):
            start_response("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", "0")])
            return [b""]
        return self.inner(environ, start_response)

    def _allowed(self, environ: dict[str, Any]) -> bool:
        if environ["PATH_INFO"].startswith("/moto-api"):
            return False
        query = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
        url = f"http://{environ['HTTP_HOST']}{environ['REQUEST_URI'].partition('?')[0]}"
        if "X-Amz-Signature" in query:
            return self._query_matches(environ["REQUEST_METHOD"], url, query)
        return "HTTP_AUTHORIZATION" in environ and self._header_matches(environ, url, query)

    def _query_matches(self, method: str, url: str, query: dict[str, str]) -> bool:
        given = query.pop("X-Amz-Signature")
        made = datetime.strptime(query["X-Amz-Date"], STAMP).replace(tzinfo=UTC)
        if datetime.now(UTC) > made + timedelta(seconds=int(query["X-Amz-Expires"])):
            return False
        request = AWSRequest(method, f"{url}?{urlencode(sorted(query.items()))}", headers={})
        return given == self._signature(S3SigV4QueryAuth, request, query["X-Amz-Date"])

    def _header_matches(self, environ: dict[str, Any], url: str, query: dict[str, str]) -> bool:
        fields = dict(part.split("=", 1) for part in environ["HTTP_AUTHORIZATION"].partition(" ")[2].split(", "))
        keys = {name: name.upper().replace("-", "_") for name in fields["SignedHeaders"].split(";")}
        headers = {name: environ.get(f"HTTP_{key}") or environ.get(key, "") for name, key in keys.items()}
        request = AWSRequest(environ["REQUEST_METHOD"], url, headers=headers, params=query)
        return fields["Signature"] == self._signature(S3SigV4Auth, request, headers["x-amz-date"])

    def _signature(self, kind: Any, request: AWSRequest, stamp: str) -> str:
        auth = kind(Credentials(KEY, SECRET), "s3", REGION)
        request.context["timestamp"] = stamp
        canonical = auth.canonical_request(request)
        return str(auth.signature(auth.string_to_sign(request, canonical), request))


@contextmanager
def server(*buckets: str) -> Iterator[tuple[str, Gate]]:
    """A running server with these buckets: its endpoint, and the gate, which can be told to be `away`."""
    gate = Gate(DomainDispatcherApplication(create_backend_app))
    listening = make_server("127.0.0.1", 0, gate, threaded=True)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    endpoint = f"http://127.0.0.1:{listening.server_port}"
    try:
        keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}
        client = boto3.client("s3", endpoint_url=endpoint, region_name=REGION, **keys)
        for bucket in buckets:
            client.create_bucket(Bucket=bucket)
        yield endpoint, gate
    finally:
        listening.shutdown()
        thread.join()
