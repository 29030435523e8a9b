"""What an attempt carries: the Standard Webhooks headers, our own two, and the vendor's where an application asks for it."""

import base64
import hashlib
import hmac
import uuid
from datetime import datetime
from urllib.parse import quote

import jwt

from convene.callbacks.claims import Claim, Signer


def headers(claim: Claim, at: datetime) -> dict[str, str]:
    """The headers of an attempt at the moment `at` (Standard Webhooks 1.0, our own two, the vendor's signed webhooks)."""
    timestamp = str(int(at.timestamp()))
    made = {
        "content-type": "application/json",
        "user-agent": "Convene-Callbacks/1",
        "webhook-id": claim.event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(
            signature(s, claim.event_id, timestamp, claim.body) for s in claim.signer.secrets
        ),
    }
    if claim.sequence is not None:
        made["x-convene-sequence"] = str(claim.sequence)
    if claim.metadata:
        made["x-convene-metadata"] = header_text(claim.metadata)
    if claim.signer.style == "vonage":
        made["authorization"] = f"Bearer {token(claim.signer, claim.body, at)}"
    return made


def signature(secret: str, event_id: str, timestamp: str, body: str) -> str:
    """`v1,` and the base64 HMAC-SHA256 over id, time and body, by the key in `whsec_…` (Standard Webhooks 1.0)."""
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    digest = hmac.digest(key, f"{event_id}.{timestamp}.{body}".encode(), "sha256")
    return "v1," + base64.b64encode(digest).decode()


def token(signer: Signer, body: str, at: datetime) -> str:
    """The JWT with which the vendor signs webhooks of its other products: HS256, its key is the secret's text as it stands.

    A header holds one token. While secrets are rotated it is the older one's, which every receiver knows.
    """
    claims = {
        "iat": int(at.timestamp()),
        "jti": str(uuid.uuid4()),
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body.encode()).hexdigest(),
        "api_key": signer.account_id,
        "application_id": signer.application_id,
    }
    return jwt.encode(claims, signer.secrets[-1], "HS256")


def header_text(text: str) -> str:
    """Any text as a header's value: printable ASCII stays, the rest and `%` become percent-encoded UTF-8 (RFC 3986)."""
    inner = quote(text, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~", errors="replace")
    stripped = inner.strip(" ")  # receivers trim the ends
    before, after = len(inner) - len(inner.lstrip(" ")), len(inner) - len(inner.rstrip(" "))
    return "%20" * before + stripped + "%20" * after if stripped else "%20" * before
