"""The arithmetic of the picture, and what is drawn."""

import itertools
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convene.compositor import lettering
from convene.compositor.clock import Clock as Ticking
from convene.compositor.encoder import Encoder
from convene.compositor.layout import STRIP, TILES, Rect, choose, fineness, fit, grid, layer, stage, tile
from convene.compositor.picture import Frame, Picture
from convene.compositor.planes import Overlay, Planes, opaque, yuv
from convene.compositor.scene import Place, Scene
from convene.compositor.tile import Tile
from convene.compositor.voice import Mixer

WIDTH, HEIGHT = 1280, 720
LAYOUTS = [grid(n, WIDTH, HEIGHT) for n in range(TILES + 1)] + [stage(n, WIDTH, HEIGHT) for n in range(STRIP + 1)]


@pytest.mark.parametrize("cells", LAYOUTS)
def test_cells_are_even_inside_and_apart(cells: list[Rect]) -> None:
    for cell in cells:
        assert not any(value % 2 for value in cell)
        assert cell.x >= 0 <= cell.y
        assert cell.x + cell.width <= WIDTH
        assert cell.y + cell.height <= HEIGHT
    for a, b in itertools.combinations(cells, 2):
        beside = a.x + a.width <= b.x or b.x + b.width <= a.x
        assert beside or a.y + a.height <= b.y or b.y + b.height <= a.y


def test_cells_for_the_usual_layers() -> None:
    assert grid(1, WIDTH, HEIGHT) == [(0, 0, 1280, 720)]
    assert {cell[2:] for cell in grid(4, WIDTH, HEIGHT)} == {(640, 360)}  # a 360p layer is copied, not scaled
    assert {cell[2:] for cell in grid(9, WIDTH, HEIGHT)} == {(426, 240)}
    assert [layer(height) for height in (120, 240, 242, 360, 480, 482, 720)] == ["low"] * 2 + ["medium"] * 3 + [
        "high"
    ] * 2


@pytest.mark.parametrize(
    ("count", "size", "scale"),
    [
        (9, (1280, 720), Fraction(3, 4)),  # a 180p layer is copied, and all nine are enlarged at once
        (5, (1280, 720), Fraction(3, 4)),
        (4, (1280, 720), 1),
        (0, (1280, 720), 1),
        (1, (1920, 1080), Fraction(2, 3)),
        (9, (1920, 1080), 1),
        (9, (1000, 562), 1),  # would not come out even
    ],
)
def test_a_grid_is_composed_as_fine_as_its_layers(count: int, size: tuple[int, int], scale: Fraction) -> None:
    assert fineness(count, *size) == scale


@pytest.mark.parametrize("count", range(1, TILES + 1))
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (1000, 562)])
def test_tiles_are_even_inside_their_cells_and_when_enlarged(count: int, size: tuple[int, int]) -> None:
    scale = fineness(count, *size)
    for cell in grid(count, *(int(side * scale) for side in size)):
        spot = tile(cell, scale)
        assert cell.x < spot.x < spot.x + spot.width < cell.x + cell.width
        assert cell.y < spot.y < spot.y + spot.height < cell.y + cell.height
        assert min(spot.width / cell.width, spot.height / cell.height) > 0.9
        assert not any(value % 2 for value in (*spot, *spot.divided(scale)))
        assert all(whole * scale == part for whole, part in zip(spot.divided(scale), spot, strict=True))


def test_the_last_row_is_centred() -> None:
    last = grid(3, WIDTH, HEIGHT)[2]
    assert last.x == (WIDTH - last.width) // 2


@pytest.mark.parametrize("size", [(1280, 720), (360, 640), (427, 241), (4000, 100), (17, 4000)])
def test_pictures_fit_with_their_proportions(size: tuple[int, int]) -> None:
    box = Rect(0, 0, 640, 360)
    width, height = fit(*size, box)
    assert width <= box.width
    assert height <= box.height
    assert width / height == pytest.approx(size[0] / size[1], rel=0.1) or min(width, height) <= 10


def test_those_who_speak_are_shown() -> None:
    people = [f"p{i}" for i in range(12)]
    shown = choose(people, [], {}, 9)
    assert shown == people[:9]
    assert choose(people, shown, {}, 9) == shown
    spoke = {"p11": 5.0, "p0": 3.0}
    after = choose(people, shown, spoke, 9)
    assert after == [*people[:8], "p11"]  # nobody else moves
    assert choose([p for p in people if p != "p3"], after, spoke, 9) == ["p0", "p1", "p2", "p8", *people[4:8], "p11"]


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("  Ann \n Bell\t", "Ann Bell"),
        ("e\u0301va", "éva"),
        ("\u202eevil\u2066\u200f", "evil"),
        ("a\x00\x1b[2Jb", "a[2Jb"),
        ("\u200d", "\u200d"),
        ("", "Guest"),
        ("\u202e\n", "Guest"),
    ],
)
def test_names_are_tidied(name: str, drawn: str) -> None:
    assert lettering.tidy(name) == drawn


def test_initials() -> None:
    assert [lettering.initials(name) for name in ("Ünal", "ann maria bell", "李雷", "(x) Bo", "🙂")] == [
        "Ü",
        "AB",
        "李",
        "B",
        "🙂",
    ]


@pytest.mark.parametrize("name", ["A", "Łukasz Żółć", "محمد علي", "李雷", "W" * 300, "🙂🙂🙂", ""])
@pytest.mark.parametrize("cell", [Rect(0, 0, 632, 352), Rect(0, 0, 204, 112), Rect(0, 0, 1272, 712)])
def test_plates_fit_their_tiles(name: str, cell: Rect) -> None:
    plate = lettering.plate(name, cell.width, cell.height)
    assert plate.width <= cell.width - 20
    assert plate.height <= cell.height // 2
    assert not (plate.width % 2 or plate.height % 2)
    assert np.asarray(plate)[..., :3].max() > 150  # something is written


def test_a_long_name_ends_in_an_ellipsis() -> None:
    font = lettering.font_for("x", 16)
    short = lettering.shortened("a" * 300, font, 100)
    assert short.endswith("…")
    assert font.getlength(short) <= 100
    assert lettering.shortened("Ann", font, 100) == "Ann"


def test_overlays_blend() -> None:
    canvas = Planes.of(np.zeros(64 * 32 * 3 // 2, np.uint8), 64, 32)
    canvas.fill((0, 0, 0))
    image = Image.new("RGBA", (16, 16), (255, 255, 255, 0))
    image.paste((255, 255, 255, 255), (0, 0, 8, 16))
    Overlay.of(image, 8, 8, 64).lay(canvas)
    assert canvas.y[10, 10] == pytest.approx(yuv((255, 255, 255))[0], abs=2)
    assert canvas.y[10, 18] == yuv((0, 0, 0))[0]
    assert (canvas.u[5, 5], canvas.v[5, 5]) == pytest.approx((128, 128), abs=2)


def solid(width: int, height: int, luma: int, quarters: int = 0) -> Frame:
    half = ((height + 1) // 2) * ((width + 1) // 2)
    data = np.concatenate([np.full(width * height, luma, np.uint8), np.full(2 * half, 128, np.uint8)])
    return Frame(width, height, quarters, data, None)


def drawn(picture: Picture, source: str = "camera") -> Planes:
    canvas = Planes.of(np.zeros(640 * 360 * 3 // 2, np.uint8), 640, 360)
    shown = Tile(Place(("p", source), "Ann", Rect(0, 0, 640, 360), picture), 640)
    shown.draw(canvas)
    shown.cover(canvas)
    return canvas


@pytest.mark.parametrize("size", [(640, 360), (320, 180), (1280, 720), (427, 241), (641, 361), (16, 16)])
def test_pictures_of_any_size_fill_their_tile(size: tuple[int, int]) -> None:
    picture = Picture()
    picture.put(solid(*size, 200))
    assert drawn(picture).y[180, 320] == pytest.approx(200, abs=1)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_pictures_are_turned(quarters: int) -> None:
    frame = solid(320, 180, 60, quarters)
    frame.data[: 320 * 180].reshape(180, 320)[:, :160] = 200  # the left half is bright
    picture = Picture()
    picture.put(frame)
    luma = drawn(picture).y
    top, right, bottom, left = luma[60, 320], luma[180, 400], luma[300, 320], luma[180, 240]
    bright = {0: left, 1: top, 2: right, 3: bottom}[quarters]  # clockwise
    dark = {0: right, 1: bottom, 2: left, 3: top}[quarters]
    assert (bright, dark) == pytest.approx((200, 60), abs=2)
    assert luma[180, 20] == (yuv(lettering.TILE)[0] if quarters % 2 else pytest.approx(luma[180, 240], abs=2))


def test_a_screen_is_never_cut() -> None:
    picture = Picture()
    frame = solid(640, 360, 60)
    frame.data[: 640 * 360].reshape(360, 640)[0] = 220
    picture.put(frame)
    assert drawn(picture, source="screen").y[0, 320] == 220


def test_the_avatar_stands_in() -> None:
    picture = Picture()
    expected = opaque(lettering.avatar("Ann", 632, 352)).y[176, 316]
    picture.put(solid(8, 8, 200))  # how the engine ends a track
    assert drawn(picture).y[180, 320] == expected
    picture.put(solid(320, 180, 200))
    assert drawn(picture).y[180, 320] == pytest.approx(200, abs=1)
    picture.mute()
    picture.put(solid(320, 180, 200))  # was under way
    assert drawn(picture).y[180, 320] == expected
    picture.unmute()
    assert drawn(picture).y[180, 320] == expected  # until the first picture
    picture.put(solid(320, 180, 200))
    assert drawn(picture).y[180, 320] == pytest.approx(200, abs=1)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def a_scene(count: int, only_owner: bool = False) -> tuple[Scene, Clock]:
    clock = Clock()
    scene = Scene(WIDTH, HEIGHT, only_owner, clock)
    for i in range(count):
        scene.enter(f"p{i}", f"Person {i}", host=i == 0)
    return scene, clock


def keys(scene: Scene) -> list[tuple[str, str]]:
    return [place.key for place in scene.arrange().places]


@pytest.mark.parametrize("count", range(1, TILES + 1))
def test_everybody_is_seen_and_the_speaker_framed(count: int) -> None:
    scene, _ = a_scene(count)
    for i in range(1, count):
        scene.picture((f"p{i}", "camera")).put(solid(320, 180, 60 + 20 * i))
    ticking = Ticking(scene, Mixer(0.0), Encoder(Path(os.devnull), WIDTH, HEIGHT, 25), "")
    ticking.tiles = [Tile(place, WIDTH) for place in scene.arrange().places]
    before = Planes.within(ticking.picture())
    scene.speak(frozenset({"p0"}))
    speaking = Planes.within(ticking.picture())
    scene.speak(frozenset())
    after = Planes.within(ticking.picture())
    first, *others = (shown.rect for shown in ticking.tiles)
    edge = first.y + first.height // 2, first.x + 1
    assert (before.y[edge], speaking.y[edge], after.y[edge]) == tuple(
        yuv(colour)[0] for colour in (lettering.TILE, lettering.SPEAKING, lettering.TILE)
    )
    assert before.y[0, 0] == yuv(lettering.GROUND)[0]
    for i, rect in enumerate(others, 1):
        assert before.y[rect.y + rect.height // 2, rect.x + rect.width // 2] == pytest.approx(60 + 20 * i, abs=1)
    assert all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))


def test_a_screen_takes_the_stage_with_its_first_picture() -> None:
    scene, _ = a_scene(2)
    screen = scene.picture(("p1", "screen"))
    assert keys(scene) == [("p0", "camera"), ("p1", "camera")]
    assert ("p1", "screen") in scene.arrange().wanted
    screen.put(solid(640, 360, 100))
    assert keys(scene) == [("p1", "screen"), ("p0", "camera"), ("p1", "camera")]
    scene.gone(("p1", "screen"))
    assert keys(scene) == [("p0", "camera"), ("p1", "camera")]


def test_only_the_owner_and_any_screen() -> None:
    scene, _ = a_scene(3, only_owner=True)
    assert keys(scene) == [("p0", "camera")]
    scene.picture(("p2", "screen")).put(solid(640, 360, 100))
    assert keys(scene) == [("p2", "screen"), ("p0", "camera")]
    scene.enter("p1", "Person 1", host=True)
    assert ("p1", "camera") in keys(scene)


def test_cameras_that_are_not_shown_are_not_wanted() -> None:
    scene, clock = a_scene(12)
    assert len(scene.arrange().wanted) == TILES
    clock.now += 1
    scene.speak(frozenset({"p11"}))
    assert ("p11", "camera") in scene.arrange().wanted


def test_a_reconnect_does_not_empty_the_picture() -> None:
    scene, clock = a_scene(2)
    scene.picture(("p0", "camera")).put(solid(320, 180, 200))
    scene.picture(("p0", "camera")).take()
    before = scene.arrange()
    scene.hold()
    scene.leave("p0")
    scene.leave("p1")
    scene.gone(("p0", "camera"))
    assert scene.arrange() == before
    scene.enter("p0", "Person 0", host=True)
    clock.now += 3
    scene.release({("p0", "camera")})
    assert keys(scene) == [("p0", "camera")]
    assert scene.arrange().places[0].picture.last is not None
