"""Passwords at this door. They are compared in a thread, outside of transactions; wrong ones are counted by name and address."""

import asyncio
from dataclasses import dataclass

from convene import users
from convene.db import Database, Tx
from convene.errors import Invalid, NotFound, Unauthenticated
from convene.logins import Login
from convene.users import Door, Name, User


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody has shown the password of a user, as it was a moment ago."""

    door: Door

    def user(self, tx: Tx) -> User:
        """The user, in the transaction that lets him in. Raises Unauthenticated: another password has been set meanwhile."""
        present = users.own_door(tx, self.door.user.application_id, self.door.user.number)
        if present.password_hash != self.door.password_hash:
            raise Unauthenticated("bad_password", "Invalid password")
        return present.user


async def signed_in(db: Database, application_id: str, name: Name, password: str) -> Proof:
    """Raises NotFound `user_not_found`, Unauthenticated `bad_password`, TooMany."""
    door = await db.read(users.door, application_id, name)
    if (
        await asyncio.to_thread(users.matches, None if door is None else door.password_hash, password)
        and door is not None
    ):
        return Proof(door)
    await db.write(users.failed, application_id, name)
    if door is None:
        raise NotFound("user_not_found", "User not found")
    raise Unauthenticated("bad_password", "Invalid password")


async def proved(db: Database, login: Login, old_password: str | None) -> None:
    """That a user knows his present password. Raises Invalid, TooMany."""
    assert login.user is not None
    door = await db.read(users.own_door, login.application_id, login.user.number)
    name = Name(door.user.login, door.user.email)
    await db.read(users.may_try, login.application_id, name)
    if not await asyncio.to_thread(users.matches, door.password_hash, old_password or ""):
        await db.write(users.failed, login.application_id, name)
        raise Invalid("old_password", "old_password is wrong", field="old_password")
