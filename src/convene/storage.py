"""Where finished recordings lie: a folder of ours, or a bucket (S3, GCS, Azure) by obstore. Links are signed.

A file is named by its key, `<application id>/<recording id>.mp4`; what people see when they fetch it is its `filename`.
"""

import asyncio
import hashlib
import hmac
import logging
import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store, from_url

from convene.config import Settings
from convene.db import utcnow
from convene.errors import Unavailable

log = logging.getLogger(__name__)

MEDIA_TYPE = "video/mp4"
CHECK_SECONDS = 10
LONGEST_LINK = timedelta(days=7)  # S3 signs for no longer
PART_SECONDS = 600  # one part of an upload (5 MB) over a line of 10 kB/s


class StoredFile(Protocol):
    """What storage needs to know of a recording."""

    @property
    def key(self) -> str:
        """Its name in the storage."""

    @property
    def filename(self) -> str:
        """Its name for the person who downloads it."""


class Storage:
    """Opens with `await open()`. Every failed call raises Unavailable, and nothing is lost by calling again."""

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime] = utcnow):
        url, folder = settings.storage_url, settings.folder / "recordings"
        if url.startswith("file://"):
            url, folder = "", Path(urlsplit(url).path)
        self._lifetime = timedelta(minutes=settings.link_minutes)
        self.folder = None if url else Folder(folder, settings.base_url, clock)
        self._place = self.folder or Bucket(url, settings.storage_endpoint)

    async def open(self) -> None:
        """Gets ready; does not speak to a bucket yet."""
        await self._place.open()

    async def close(self) -> None:
        """Nothing is kept open."""

    async def check(self) -> None:
        """Writes, reads and deletes a small file. Raises Unavailable."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._place.check()
        except TimeoutError as error:
            raise _away("no answer in time") from error

    async def put(self, path: Path, file: StoredFile) -> int:
        """Stores the file at `path` and makes sure of it; the bytes stored. `path` stays."""
        size = await self._place.put(path, file)
        if size != (await asyncio.to_thread(path.stat)).st_size:
            raise _away("the stored file is not as long as ours")
        return size

    async def link(self, file: StoredFile, lifetime: timedelta | None = None) -> str:
        """A signed address that gives this one file to GET and HEAD, as an attachment, until it expires: after `lifetime`,
        at most LONGEST_LINK, or as the settings say.

        Whoever asks must have been allowed to see the recording in the same request.
        """
        return await self._place.link(file, min(lifetime or self._lifetime, LONGEST_LINK))

    async def delete(self, key: str) -> None:
        """Deletes the file; one that is gone is fine."""
        await self._place.delete(key)


class Folder:
    """A folder of this machine, or one that all machines have mounted. Its links lead to our own door `web.files`."""

    def __init__(self, path: Path, base_url: str, clock: Callable[[], datetime]):
        self.path, self._base_url, self._clock = path.absolute(), base_url, clock

    async def open(self) -> None:
        """Makes the folder and, once, the key of its links, which everybody who shares the folder shares."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._secret = await asyncio.to_thread(_kept_secret, self.path / ".link-key")
        except OSError as error:
            raise _away(error.strerror) from error

    async def check(self) -> None:
        """As `Storage.check`."""
        await self._run(_write_and_read, self.path / f".check-{secrets.token_hex(8)}")

    async def put(self, path: Path, file: StoredFile) -> int:
        """As `Storage.put`."""
        size: int = await self._run(_place, path, self.path / file.key)
        return size

    async def delete(self, key: str) -> None:
        """As `Storage.delete`."""
        await self._run((self.path / key).unlink, True)

    async def link(self, file: StoredFile, lifetime: timedelta) -> str:
        """As `Storage.link`."""
        recording_id = Path(file.key).stem
        expires = int((self._clock() + lifetime).timestamp())
        query = f"expires={expires}&signature={self._sign(recording_id, str(expires))}"
        return f"{self._base_url}/recordings/{recording_id}/{quote(file.filename, safe='')}?{query}"

    def is_signed(self, recording_id: str, expires: str, signature: str) -> bool:
        """Whether we made this link; that it has expired is for the caller to see. Takes the same time for all."""
        return hmac.compare_digest(self._sign(recording_id, expires).encode(), signature.encode())

    def _sign(self, recording_id: str, expires: str) -> str:
        return hmac.new(self._secret, f"{recording_id}\n{expires}".encode(), hashlib.sha256).hexdigest()

    async def _run(self, work: Callable[..., Any], *args: Any) -> Any:
        try:
            return await asyncio.to_thread(work, *args)
        except OSError as error:
            raise _away(error.strerror) from error


class Bucket:
    """S3, GCS or Azure. Keys come from the environment, as each vendor's own tools read it."""

    def __init__(self, url: str, endpoint: str):
        self._url, self._endpoint = url, endpoint

    async def open(self) -> None:
        """Reads the credentials. Raises Unavailable when there are none."""
        config = {"endpoint": self._endpoint, "virtual_hosted_style_request": "false"} if self._endpoint else {}
        try:
            store = from_url(
                self._url,
                config=config,  # type: ignore[call-overload]  # only S3 has an endpoint of its own
                client_options={
                    "allow_http": self._endpoint.startswith("http://"),
                    "connect_timeout": timedelta(seconds=5),
                    "timeout": timedelta(seconds=PART_SECONDS),
                },
                retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
            )
        except (BaseError, ValueError) as error:
            raise _away(error) from error
        assert isinstance(store, S3Store | GCSStore | AzureStore)
        self._store = store

    async def check(self) -> None:
        """As `Storage.check`."""
        key, sent = f".check/{secrets.token_hex(8)}", secrets.token_bytes(16)
        try:
            await obstore.put_async(self._store, key, sent)
            got = await (await obstore.get_async(self._store, key)).bytes_async()
            await obstore.delete_async(self._store, key)
        except (BaseError, OSError) as error:
            raise _away(error) from error
        if bytes(got) != sent:
            raise _away("another file came back than was written")

    async def put(self, path: Path, file: StoredFile) -> int:
        """As `Storage.put`. Type and name are kept with the object, so that every signed link answers with them."""
        attributes = {
            "Content-Type": MEDIA_TYPE,
            "Content-Disposition": content_disposition(file.filename),
            "Cache-Control": "private",
        }
        try:
            await obstore.put_async(self._store, file.key, path, attributes=attributes, max_concurrency=4)
            return (await obstore.head_async(self._store, file.key))["size"]
        except (BaseError, OSError) as error:
            raise _away(error) from error

    async def delete(self, key: str) -> None:
        """As `Storage.delete`."""
        try:
            with suppress(FileNotFoundError):
                await obstore.delete_async(self._store, key)
        except (BaseError, OSError) as error:
            raise _away(error) from error

    async def link(self, file: StoredFile, lifetime: timedelta) -> str:
        """As `Storage.link`."""
        try:
            return await obstore.sign_async(self._store, "GET", file.key, lifetime)
        except (BaseError, OSError) as error:
            raise _away(error) from error


def content_disposition(filename: str) -> str:
    """An attachment's header (RFC 6266): the name in UTF-8, and in ASCII for those who cannot."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _away(cause: object) -> Unavailable:
    """The cause may tell of machines and buckets: it is for the log, not for callers."""
    log.warning("storage fails", extra={"event": "storage_unavailable", "cause": str(cause)[:300]})
    return Unavailable("storage_unavailable", "The storage does not answer.", details={"retry_after": 5})


def _kept_secret(path: Path) -> bytes:
    """The secret in this file, made at the first call. Two processes that start together agree: one link wins."""
    if not path.exists():
        draft = path.with_name(f"{path.name}-{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()


def _place(source: Path, target: Path) -> int:
    """Puts a file at `target` at once or not at all. Free on the same file system: both names are one file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}-{secrets.token_hex(8)}")
    try:
        try:
            os.link(source, draft)
        except OSError:  # another file system, or one without links
            shutil.copyfile(source, draft)
        _sync(draft)
        draft.replace(target)
        _sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)  # also: rename of two names of one file does nothing and leaves both
    return target.stat().st_size


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_and_read(path: Path) -> None:
    sent = secrets.token_bytes(16)
    try:
        path.write_bytes(sent)
        if path.read_bytes() != sent:
            raise OSError(0, "another file came back than was written")
    finally:
        path.unlink(missing_ok=True)
