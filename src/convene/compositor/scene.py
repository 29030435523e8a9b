"""Who is in the room, what they send, and therefore what the picture shows. Knows nothing of the engine."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from convene.compositor.layout import STRIP, TILES, Rect, choose, fineness, grid, stage
from convene.compositor.picture import Picture

HOLD = 2.0  # seconds that people who vanished in a reconnect keep their tiles

Key = tuple[str, str]


@dataclass
class Person:
    name: str
    host: bool = False
    held: bool = False  # vanished while the engine was away; may come back


@dataclass(frozen=True)
class Place:
    """Where something is shown: `key` is (identity, "camera" or "screen"). `cell` lies on a canvas of `scale` times the picture's size."""

    key: Key
    name: str
    cell: Rect
    picture: Picture
    scale: Fraction = Fraction(1)

    @property
    def is_screen(self) -> bool:
        return self.key[1] == "screen"


@dataclass(frozen=True)
class Arrangement:
    """`wanted` holds the height in pixels at which each video track is shown; tracks not in it are not needed."""

    places: tuple[Place, ...] = ()
    wanted: dict[Key, int] = field(default_factory=dict)


class Scene:
    """Changed and arranged on the main thread. `speakers` and the pictures are read by the clock's.

    `now` is the monotonic clock, so that tests may set it.
    """

    def __init__(self, width: int, height: int, only_owner: bool, now: Callable[[], float]) -> None:
        self.width, self.height, self.only_owner, self.now = width, height, only_owner, now
        self.people: dict[str, Person] = {}
        self.pictures: dict[Key, Picture] = {}
        self.speakers: frozenset[str] = frozenset()
        self.spoke: dict[str, float] = {}
        self.shown: list[str] = []
        self.hold_until = 0.0

    def enter(self, identity: str, name: str, host: bool) -> None:
        self.people[identity] = Person(name or identity, host)

    def leave(self, identity: str) -> None:
        if self.holding and identity in self.people:
            self.people[identity].held = True
        else:
            self.people.pop(identity, None)
            self.spoke.pop(identity, None)

    def banish(self, identity: str) -> None:
        """Takes somebody out at once, also while holding."""
        self.people.pop(identity, None)
        self.spoke.pop(identity, None)
        for key in [key for key in self.pictures if key[0] == identity]:
            del self.pictures[key]

    def speak(self, identities: frozenset[str]) -> None:
        self.speakers = identities
        self.spoke.update(dict.fromkeys(identities & self.people.keys(), self.now()))

    def hold(self) -> None:
        """The engine is away, or just came back: everybody seems to leave and returns within the second."""
        self.hold_until = self.now() + HOLD

    @property
    def holding(self) -> bool:
        return self.now() < self.hold_until

    def gone(self, key: Key) -> None:
        """A video track ended. While holding, its last picture stays."""
        if not self.holding and key in self.pictures:
            self.pictures[key].clear()

    def release(self, live: set[Key]) -> None:
        """The hold is over: who did not come back has left, and so has what is not sent any more (`live` is)."""
        for identity in [who for who, person in self.people.items() if person.held]:
            self.leave(identity)
        for key in self.pictures.keys() - live:
            self.gone(key)

    def picture(self, key: Key) -> Picture:
        return self.pictures.setdefault(key, Picture())

    def arrange(self) -> Arrangement:
        people = [who for who, person in self.people.items() if person.host or not self.only_owner]
        for key in [key for key in self.pictures if key[0] not in self.people]:
            del self.pictures[key]
        screens = [key for key in self.pictures if key[1] == "screen"]
        # A screen takes the stage with its first picture: until then it would be a large empty rectangle.
        staged = next((key for key in reversed(screens) if self.pictures[key].started), None)
        self.shown = choose(people, self.shown, self.spoke, STRIP if staged else TILES)
        places = self.staged(staged) if staged else self.gridded()
        wanted = dict.fromkeys(screens, self.height) | {place.key: place.cell.height for place in places}
        return Arrangement(tuple(places), wanted)

    def gridded(self) -> list[Place]:
        scale = fineness(len(self.shown), self.width, self.height)
        cells = grid(len(self.shown), int(self.width * scale), int(self.height * scale))
        return [self.place(who, cell, scale) for who, cell in zip(self.shown, cells, strict=True)]

    def staged(self, screen: Key) -> list[Place]:
        large, *strip = stage(len(self.shown), self.width, self.height)
        return [
            Place(screen, "", large, self.picture(screen)),
            *(self.place(who, cell) for who, cell in zip(self.shown, strip, strict=True)),
        ]

    def place(self, identity: str, cell: Rect, scale: Fraction = Fraction(1)) -> Place:
        key = identity, "camera"
        return Place(key, self.people[identity].name, cell, self.picture(key), scale)
