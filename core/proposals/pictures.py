"""Pictures of projects: what an officer sends is opened, turned upright, made smaller and written anew.

Only what this module wrote is ever served, so nothing a camera or a stranger put into the file goes further.
"""

from __future__ import annotations

import io
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageOps, UnidentifiedImageError

from core.kernel.errors import Invalid

MOST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 50_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
FOLDER = "proposals"
# For the page of a project, and for the cards of a list.
LARGE, SMALL = (1200, 900), (480, 360)


def small_name(name: str) -> str:
    """The file of the card's picture, beside the large one."""
    return name.removesuffix(".jpg") + "-small.jpg"


def _opened(data: bytes) -> Image.Image:
    if len(data) > MOST_BYTES:
        raise Invalid("The picture is larger than 5 MB. Choose a smaller one.", code="picture.too_large")
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
        if picture.width * picture.height > MOST_PIXELS:
            raise Invalid(
                "The picture has more than 50 million points. Choose a smaller one.", code="picture.too_many_points"
            )
        picture.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise Invalid(
            "This file is not a picture we can read. Choose a JPEG, PNG or WebP file.", code="picture.unreadable"
        ) from error
    return picture


def _written(picture: Image.Image, size: tuple[int, int]) -> bytes:
    copy = picture.copy()
    copy.thumbnail(size)
    out = io.BytesIO()
    copy.save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return out.getvalue()


def picture_keep(data: bytes) -> str:
    """Write both sizes and return the name of the large one. Raises Invalid for anything but a sound picture."""
    upright = ImageOps.exif_transpose(_opened(data))
    if upright.has_transparency_data:
        see_through = upright.convert("RGBA")
        upright = Image.new("RGBA", see_through.size, "white")
        upright.alpha_composite(see_through)
    plain = upright.convert("RGB")
    name = f"{FOLDER}/{uuid4().hex}.jpg"
    default_storage.save(name, ContentFile(_written(plain, LARGE)))
    default_storage.save(small_name(name), ContentFile(_written(plain, SMALL)))
    return name


def picture_drop(name: str) -> None:
    """Remove both files; nothing happens where they are gone already."""
    for one in (name, small_name(name)):
        default_storage.delete(one)
