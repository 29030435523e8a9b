"""Who gets in, and who does not: secrets, tokens of every make, and forgeries of every kind."""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import jwt
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from convene import access, tables
from convene.errors import NotFound, Unauthenticated
from convene.recent import Recent
from tests.world import World, basic, key_pair

Claims = dict[str, Any]


@cache
def foreign_keys() -> access.KeyPair:
    return access.new_key_pair()


def claims(world: World, **others: Any) -> Claims:
    """What the Python and Node SDKs send."""
    now = int(world.now.timestamp())
    return {"application_id": world.application_id, "iat": now, "jti": str(uuid.uuid4()), "exp": now + 900, **others}


def without(full: Claims, *names: str) -> Claims:
    return {name: value for name, value in full.items() if name not in names}


def token(payload: Claims, key: str | None = None, **options: Any) -> str:
    return jwt.encode(payload, key or key_pair().private_key, options.pop("algorithm", "RS256"), **options)


def text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


NONE, KID = text(b'{"alg":"none"}'), text(b'{"alg":"RS256","typ":"JWT","kid":"1"}')


def signed(header: bytes, payload: bytes) -> str:
    """Rightly signed, whatever it says."""
    said = f"{text(header)}.{text(payload)}"
    key = jwt.get_algorithm_by_name("RS256").prepare_key(key_pair().private_key)
    return f"{said}.{text(jwt.get_algorithm_by_name('RS256').sign(said.encode(), key))}"


def symmetric(algorithm: str, payload: Claims, secret: bytes) -> str:
    """Signed with a text that everybody may know, by hand: libraries refuse to."""
    head = text(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    said = f"{head}.{text(json.dumps(payload).encode())}"
    return f"{said}.{text(hmac.digest(secret, said.encode(), 'sha' + algorithm[2:]))}"


def forgeries(world: World, other: access.FirstApplication) -> dict[str, str]:
    """Tokens that must not get in, by what is wrong with them."""
    good = claims(world)
    honest, now = token(good), int(world.now.timestamp())
    head, payload, signature = honest.split(".")
    public, evil = key_pair().public_key.encode(), foreign_keys().private_key
    header, body = b'{"alg":"RS256","typ":"JWT"}', json.dumps(good).encode()

    def unsigned(algorithm: str) -> str:
        return f"{text(json.dumps({'alg': algorithm}).encode())}.{payload}."

    def raw(change: Callable[[str], str]) -> str:
        return signed(header, change(json.dumps(good)).encode())

    found = {f"unsigned as {name}": unsigned(name) for name in ("none", "None", "nOnE", "NONE", "RS256", "", "HS256")}
    found |= {f"{name} by the public key": symmetric(name, good, public) for name in ("HS256", "HS384", "HS512")}
    found |= {f"{name} by the right key": token(good, algorithm=name) for name in ("RS384", "RS512", "PS256", "PS512")}
    found |= {
        "HS256 by nothing": symmetric("HS256", good, b""),
        "HS256 by the public key, stripped": symmetric("HS256", good, public.strip()),
        "none, with a good signature": f"{NONE}.{payload}.{signature}",
        "ES256": jwt.encode(good, ec.generate_private_key(ec.SECP256R1()), "ES256"),
        "EdDSA": jwt.encode(good, ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
        "another key": token(good, evil),
        "kid: a path": token(good, evil, headers={"kid": "../../dev/null"}),
        "kid: SQL": token(good, evil, headers={"kid": "' or 1=1 --"}),
        "kid: the other tenant": token(good, evil, headers={"kid": other.application_id}),
        "jku": token(good, evil, headers={"jku": "http://127.0.0.1:9/keys"}),
        "jwk": token(good, evil, headers={"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}}),
        "x5u": token(good, evil, headers={"x5u": "http://127.0.0.1:9/cert"}),
        "x5c": token(good, evil, headers={"x5c": ["MIIB"]}),
        "crit": signed(b'{"alg":"RS256","crit":["exp"]}', body),
        "crit, empty": signed(b'{"alg":"RS256","crit":[]}', body),
        "b64 false": signed(b'{"alg":"RS256","b64":false,"crit":["b64"]}', body),
        "alg in lower case": signed(b'{"alg":"rs256"}', body),
        "alg: a list": signed(b'{"alg":["RS256"]}', body),
        "alg missing": signed(b'{"typ":"JWT"}', body),
        "alg twice": signed(b'{"alg":"none","alg":"RS256"}', body),
        "header: a list": signed(b'["RS256"]', body),
        "signature empty": f"{head}.{payload}.",
        "signature cut": honest[:-8],
        "signature flipped": f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "header changed": f"{KID}.{payload}.{signature}",
        "payload changed": f"{head}.{text(json.dumps(good | {'exp': now + 901}).encode())}.{signature}",
        "the other tenant by our key": token(good | {"application_id": other.application_id}),
        "an unknown application": token(good | {"application_id": str(uuid.uuid4())}),
        "application: a number": token(good | {"application_id": 1}),
        "application: a list": token(good | {"application_id": [world.application_id]}),
        "application: null": token(good | {"application_id": None}),
        "application: SQL": token(good | {"application_id": "' or '1'='1"}),
        "application: NUL": token(good | {"application_id": f"{world.application_id}\0"}),
        "application missing": token(without(good, "application_id")),
        "application twice": raw(lambda said: '{"application_id": "x", ' + said[1:]),
        "exp past": token(good | {"exp": now - 61}),
        "exp: text": token(good | {"exp": str(now + 900)}),
        "exp: null": signed(header, json.dumps(good | {"exp": None}).encode()),
        "exp: true": signed(header, json.dumps(good | {"exp": True}).encode()),
        "exp: NaN": raw(lambda said: said.replace(str(now + 900), "NaN")),
        "exp: Infinity": raw(lambda said: said.replace(str(now + 900), "Infinity")),
        "exp: 1e400": raw(lambda said: said.replace(str(now + 900), "1e400")),
        "exp: 400 digits": raw(lambda said: said.replace(str(now + 900), "9" * 400)),
        "exp: 9000 digits": raw(lambda said: said.replace(str(now + 900), "9" * 5000)),
        "exp far away": token(good | {"exp": now + 366 * 86400}),
        "exp far away, iat missing": token(without(good, "iat") | {"exp": now + 366 * 86400}),
        "exp: a list": signed(header, json.dumps(good | {"exp": [now + 900]}).encode()),
        "iat in the future": token(good | {"iat": now + 120, "exp": now + 900}),
        "iat: text": signed(header, json.dumps(good | {"iat": str(now)}).encode()),
        "nbf in the future": token(good | {"nbf": now + 120}),
        "nbf: text": signed(header, json.dumps(good | {"nbf": "0"}).encode()),
        "no exp, an old iat": token(without(good, "exp") | {"iat": now - 961}),
        "neither exp nor iat": token(without(good, "exp", "iat")),
        "over 8 KiB": token(good | {"acl": "x" * 8192}),
        "two parts": f"{head}.{payload}",
        "five parts": f"{honest}.{payload}.{signature}",
        "empty": "",
        "dots": "..",
        "noise": "§ not a token §",
        "payload: a list": signed(header, b"[1]"),
        "payload: not JSON": signed(header, b"{'application_id'"),
        "payload: not base64": f"{head}.!!!!.{signature}",
        "payload: deep": signed(header, b'{"a":' + b"[" * 2500 + b"]" * 2500 + b"}"),
        "a space inside": f"{head}.{payload} .{signature}",
    }
    return found


async def application_id(world: World, authorization: str | None) -> str:
    return (await world.db.read(access.identified, authorization, Recent(world.db, access.CHANGED))).application.id


async def test_every_forged_token_is_refused_in_the_same_words(world: World) -> None:
    other = await world.db.write(access.create_first, "Bob", foreign_keys())
    forged = forgeries(world, other)
    assert len(forged) >= 60
    assert await application_id(world, f"Bearer {token(claims(world))}") == world.application_id
    for name, forgery in forged.items():
        with pytest.raises(Unauthenticated) as refusal:
            pytest.fail(f"{name} came in as {await application_id(world, f'Bearer {forgery}')}")
        assert (refusal.value.code, refusal.value.message) == (
            "bad_credentials",
            "You did not provide correct credentials",
        ), name


async def test_every_sdk_gets_in(world: World) -> None:
    now = world.now.timestamp()
    shapes = {
        "Python and Node": claims(world),
        ".NET: no exp, jti of 64 random bytes": without(claims(world, jti=base64.b64encode(b"x" * 64).decode()), "exp"),
        "PHP: fractions": claims(world, iat=now - 0.25, exp=now + 899.75),
        "Java: with an empty list of rights": claims(world, acl={"paths": {}}, sub="me"),
        "Ruby: nbf": claims(world, nbf=int(now)),
        "a day's token": claims(world, exp=int(now) + 86400),
        "a clock a minute ahead": claims(world, iat=int(now) + 59),
        "a clock a minute behind": claims(world, iat=int(now) - 950, exp=int(now) - 59),
        "no iat": without(claims(world), "iat"),
    }
    for name, payload in shapes.items():
        assert await application_id(world, f"Bearer {token(payload)}") == world.application_id, name
    for scheme in ("bearer", "BEARER", "Bearer "):
        assert await application_id(world, f"{scheme} {token(claims(world))}") == world.application_id


async def test_a_token_ends(world: World) -> None:
    authorization = f"Bearer {token(claims(world))}"
    endless = f"Bearer {token(without(claims(world), 'exp'))}"
    world.later(minutes=15, seconds=59)
    assert await application_id(world, authorization) == await application_id(world, endless) == world.application_id
    world.later(seconds=1)
    for late in (authorization, endless):
        with pytest.raises(Unauthenticated):
            await application_id(world, late)


async def test_basic_names_the_default_application(world: World) -> None:
    authorization = world.auth["Authorization"]
    for written in (authorization, authorization.replace("Basic", "basic"), authorization.replace("Basic", "BASIC ")):
        assert await application_id(world, written) == world.application_id


async def test_wrong_basic_credentials(world: World) -> None:
    other = await world.db.write(access.create_first, "Bob", key_pair())
    key, secret = world.first.api_key, world.first.api_secret

    def written(pair: bytes) -> str:
        return f"Basic {base64.b64encode(pair).decode()}"

    wrong = {
        "another secret": written(f"{key}:{other.api_secret}".encode()),
        "a secret cut": written(f"{key}:{secret[:-1]}".encode()),
        "a longer secret": written(f"{key}:{secret}x".encode()),
        "no secret": written(f"{key}:".encode()),
        "its hash": written(f"{key}:{hashlib.sha256(secret.encode()).hexdigest()}".encode()),
        "an unknown key": written(f"00000000:{secret}".encode()),
        "no key": written(f":{secret}".encode()),
        "SQL": written(f"' or 1=1 --:{secret}".encode()),
        "NUL": written(f"{key}\0:{secret}".encode()),
        "no colon": written(key.encode()),
        "not UTF-8": written(b"\xff\xfe:x"),
        "not base64": "Basic %%%",
        "nothing": "Basic",
        "plain": f"Basic {key}:{secret}",
        "another scheme": f"Digest {key}:{secret}",
        "no scheme": base64.b64encode(f"{key}:{secret}".encode()).decode(),
        "not ASCII": "Basic ééé",
    }
    for name, authorization in wrong.items():
        with pytest.raises(Unauthenticated) as refusal:
            pytest.fail(f"{name} came in as {await application_id(world, authorization)}")
        assert refusal.value.code == "bad_credentials", name
    for nothing in (None, ""):
        with pytest.raises(Unauthenticated, match="Auth header is required"):
            await application_id(world, nothing)


async def test_an_ended_secret_is_none(world: World) -> None:
    ends = sa.update(tables.account_secret).values(expires_at=world.now + timedelta(minutes=1))
    await world.db.write(lambda tx: tx.changed(ends))
    assert await application_id(world, world.auth["Authorization"]) == world.application_id
    world.later(minutes=1)
    with pytest.raises(Unauthenticated):
        await application_id(world, world.auth["Authorization"])


async def test_no_secret_is_kept_or_shown(world: World) -> None:
    kept = await world.db.read(lambda tx: [str(tx.all(sa.select(table))) for table in tables.metadata.sorted_tables])
    assert world.application_id in "".join(kept)
    for secret in (world.first.api_secret, world.first.private_key.splitlines()[3]):
        assert secret not in "".join(kept)
    application = await world.db.read(access.application, world.application_id)
    shown = f"{application!r} {world.first!r} {key_pair()!r}"
    for secret in (world.first.api_secret, "PRIVATE KEY", application.token_secret):
        assert secret not in shown
    assert len(base64.urlsafe_b64decode(world.first.api_secret + "==")) == 32


async def test_the_first_application(world: World) -> None:
    assert await world.db.read(access.any_application)
    await world.db.write(
        access.set_callback_urls, world.application_id, rooms="https://a", sessions=None, recordings=""
    )
    application = await world.db.read(access.application, world.application_id)
    assert (application.rooms_url, application.sessions_url) == ("https://a", None)
    assert (application.account_id, application.name) == (world.first.api_key, "Alice")
    assert len(world.first.api_key) == 8
    with pytest.raises(NotFound):
        await world.db.read(access.application, str(uuid.uuid4()))


async def test_two_callback_secrets_live_while_rotating(world: World) -> None:
    first = await world.db.read(access.callback_secrets, world.application_id)
    assert len(first) == 1
    assert len(base64.b64decode(first[0].removeprefix("whsec_"))) == 32

    async def rotate() -> str:
        return await world.db.write(access.rotate_callback_secret, world.application_id, timedelta(hours=24))

    second = await rotate()
    assert await world.db.read(access.callback_secrets, world.application_id) == [second, *first]
    world.later(hours=1)
    third = await rotate()
    assert await world.db.read(access.callback_secrets, world.application_id) == [third, second]
    world.later(hours=24)
    assert await world.db.read(access.callback_secrets, world.application_id) == [third]


async def test_the_hosts_token(world: World) -> None:
    application = await world.db.read(access.application, world.application_id)
    host = str(uuid.uuid4())
    made = access.participant_token(application, host, world.now)
    head, payload = jwt.get_unverified_header(made), jwt.decode(made, application.token_secret, ["HS256"])
    assert head == {"alg": "HS256", "typ": "JWT", "kid": application.token_kid}
    assert payload == {"participantId": host, "iat": int(world.now.timestamp())}
    assert access.is_host_token(made, application, host)

    evil = {"participantId": host, "iat": 1}
    signature = made.rpartition(".")[2]
    refused = {
        "none": None,
        "empty": "",
        "another host's": access.participant_token(application, str(uuid.uuid4()), world.now),
        "another secret": jwt.encode(evil, "x" * 32, "HS256"),
        "unsigned": f"{NONE}.{text(json.dumps(evil).encode())}.",
        "changed": f"{made.split('.')[0]}.{text(json.dumps(evil).encode())}.{signature}",
        "cut": made[:-1],
        "not ASCII": f"{made}é",
        "huge": "a." * 5000,
        "a caller's": token(claims(world)),
    }
    for name, forged in refused.items():
        assert not access.is_host_token(forged, application, host), name


async def test_one_tenants_credentials_never_mean_another(world: World) -> None:
    other = await world.db.write(access.create_first, "Bob", foreign_keys())
    assert await application_id(world, basic(other)["Authorization"]) == other.application_id
    mine = claims(world, application_id=other.application_id)
    assert await application_id(world, f"Bearer {token(mine, foreign_keys().private_key)}") == other.application_id
    with pytest.raises(Unauthenticated):
        await application_id(world, f"Bearer {token(mine)}")
