"""Everything that is drawn with a font or a brush, once, before it is needed: name plates, avatars, cards, edges."""

import functools
import unicodedata
from contextlib import suppress
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from convene.compositor.layout import even

GROUND = (16, 18, 20)
TILE = (30, 33, 38)
INK = (240, 242, 245)
QUIET_INK = (154, 162, 172)
SPEAKING = (94, 160, 255)
AVATARS = ((62, 84, 128), (52, 101, 98), (104, 78, 122), (124, 84, 66), (72, 98, 66), (118, 70, 88))

PAGE_FONTS = Path(__file__).parent.parent / "page" / "assets"
SYSTEM_FONTS = (
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
)
WEIGHT = 500  # of variable fonts, whose default may be hairlines
JOINERS = "\u200c\u200d"  # format characters, but Persian, Indic scripts and emoji are spelled with them

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def tidy(name: str) -> str:
    """A name as it is drawn: NFC, one line, without control and bidi characters; `Guest` when nothing is left."""
    letters = (
        c
        for c in unicodedata.normalize("NFC", name)
        if c in JOINERS or c.isspace() or unicodedata.category(c)[0] != "C"
    )
    return " ".join("".join(letters).split()) or "Guest"


def initials(name: str) -> str:
    words = [word for word in tidy(name).split() if word[0].isalnum()] or [tidy(name)]
    return "".join(word[0] for word in (words if len(words) < 2 else (words[0], words[-1]))).upper()


@functools.cache
def font_files() -> tuple[Path, ...]:
    """The fonts of the page first, then those of the system, in order of preference."""
    page = sorted(PAGE_FONTS.glob("*.woff2"), key=lambda file: ("italic" in file.name, file.name))
    return tuple(file for file in (*page, *map(Path, SYSTEM_FONTS)) if file.exists())


@functools.cache
def opened(file: Path, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        font = ImageFont.truetype(str(file), size)
    except OSError:  # a woff2 where FreeType was built without Brotli
        return None
    with suppress(OSError):  # not a variable font
        axes = font.get_variation_axes()
        font.set_variation_by_axes(
            [float(WEIGHT if axis["name"] == b"Weight" else axis["default"] or 0) for axis in axes]
        )
    return font


def has(font: ImageFont.FreeTypeFont, letters: str) -> bool:
    missing = bytes(font.getmask("\uffff"))
    return all(c.isspace() or c in JOINERS or bytes(font.getmask(c)) != missing for c in letters)


def font_for(text: str, size: int) -> Font:
    """The first font that has every letter of the text, else the first that can be read, else Pillow's own."""
    fonts = [font for file in font_files() if (font := opened(file, size))]
    return next((font for font in fonts if has(font, text)), fonts[0] if fonts else ImageFont.load_default(size))


def shortened(text: str, font: Font, width: int) -> str:
    """The text, cut with an ellipsis until it is no wider than `width` pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def plate(name: str, tile_width: int, tile_height: int) -> Image.Image:
    """The name plate at the bottom left of a tile, RGBA."""
    size = min(26, max(13, tile_height // 20))
    name = tidy(name)
    font = font_for(name, size)
    pad = size // 2
    name = shortened(name, font, tile_width - 2 * pad - 24)
    box = even(font.getlength(name) + 2 * pad + 1), even(size * 1.7)
    image = rounded(box, radius=size // 3, fill=(*GROUND, 205))
    ImageDraw.Draw(image).text((pad, box[1] / 2), name, font=font, fill=INK, anchor="lm")
    return image


def avatar(name: str, width: int, height: int) -> Image.Image:
    """What stands in a tile without a picture: the initials on a disc."""
    image = Image.new("RGB", (width, height), TILE)
    across = even(min(width, height) * 0.44)
    colour = AVATARS[sum(map(ord, tidy(name))) % len(AVATARS)]
    disc = rounded((across, across), radius=across // 2, fill=(*colour, 255))
    image.paste(disc, ((width - across) // 2, (height - across) // 2), disc)
    letters = initials(name)
    font = font_for(letters, max(12, int(across * 0.38)))
    ImageDraw.Draw(image).text((width / 2, height / 2), letters, font=font, fill=INK, anchor="mm")
    return image


def card(title: str, width: int, height: int) -> Image.Image:
    """The picture while nobody is in the room, or nobody who has agreed."""
    image = Image.new("RGB", (width, height), GROUND)
    draw = ImageDraw.Draw(image)
    title = tidy(title) if title.strip() else ""
    large = font_for(title, height // 18)
    draw.text((width / 2, height * 0.47), shortened(title, large, width * 8 // 10), font=large, fill=INK, anchor="mm")
    line = "Nobody is being recorded right now"
    draw.text((width / 2, height * 0.56), line, font=font_for(line, height // 36), fill=QUIET_INK, anchor="mm")
    return image


def rounded(box: tuple[int, int], *, radius: int, fill: tuple[int, int, int, int]) -> Image.Image:
    """An RGBA rectangle with smooth round corners: Pillow draws hard edges, so it is drawn four times as large."""
    width, height = box
    mask = Image.new("L", (width * 4, height * 4), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width * 4 - 1, height * 4 - 1), radius * 4, fill=255)
    image = Image.new("RGBA", box, fill[:3])
    image.putalpha(mask.resize(box, Image.Resampling.LANCZOS).point(lambda value: value * fill[3] // 255))
    return image


@functools.cache
def corners(radius: int, ring: int) -> tuple[Image.Image, Image.Image, Image.Image, Image.Image]:
    """The four corners of a tile, RGBA, clockwise from the top left: ground outside the curve, then the speaker's border, `ring` pixels."""
    size = radius * 2
    outside = Image.new("RGBA", (size, size), (*GROUND, 255))
    inside = rounded((size, size), radius=radius, fill=(255, 255, 255, 255)).getchannel("A")
    image = outside
    if ring:
        image = Image.composite(Image.new("RGBA", (size, size), (*SPEAKING, 255)), outside, inside)
        hole = rounded((size - 2 * ring, size - 2 * ring), radius=radius - ring, fill=(255, 255, 255, 255)).getchannel(
            "A"
        )
        inside = Image.new("L", (size, size), 0)
        inside.paste(hole, (ring, ring))
    image.putalpha(inside.point(lambda value: 255 - value))
    first = image.crop((0, 0, radius, radius))
    quarters = [first.transpose(Image.Transpose.ROTATE_270), first.transpose(Image.Transpose.ROTATE_180)]
    return first, quarters[0], quarters[1], first.transpose(Image.Transpose.ROTATE_90)
