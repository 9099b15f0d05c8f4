"""Pictures as pages show them: a smaller copy, made when an editor publishes, never when a resident reads.

The public host may not write, and what was uploaded (with whatever the camera noted in it) is linked from nowhere.
"""

from __future__ import annotations

from typing import Any

from wagtail.images.models import Filter, Image, Rendition

# Wide enough for the column of a page; re-encoded, so that nothing but the picture is left.
SPEC = "max-960x720|format-jpeg|jpegquality-80"


def picture_of(image: Any) -> Any:
    """The copy that pages show, or None while there is none."""
    if image is None:
        return None
    return Rendition.objects.filter(
        image_id=image.pk, filter_spec=SPEC, focal_point_key=Filter(spec=SPEC).get_cache_key(image)
    ).first()


def pictures_make(page: Any) -> int:
    """Make the copies of every picture in a page's body; returns how many pictures it has."""
    found = [block.value["image"] for block in getattr(page, "body", ()) if block.block_type == "picture"]
    for image in found:
        if isinstance(image, Image):
            image.get_rendition(SPEC)
    return len(found)
