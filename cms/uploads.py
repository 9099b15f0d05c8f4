"""Pictures that editors send: turned upright and written anew, so that nothing the camera noted is kept."""

from __future__ import annotations

import io
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps
from wagtail.images.forms import BaseImageForm

FORMATS = ("JPEG", "PNG", "WEBP")


class PictureForm(BaseImageForm):  # type: ignore[misc]  # Wagtail publishes no types
    """Wagtail's form, which has checked by then that the file is a picture of an allowed kind and size."""

    def clean_file(self) -> Any:
        sent = self.cleaned_data.get("file")
        if not isinstance(sent, UploadedFile):
            return sent
        sent.seek(0)
        try:
            picture = Image.open(sent, formats=FORMATS)
            upright = ImageOps.exif_transpose(picture)
            clean = Image.new(upright.mode, upright.size)
            clean.paste(upright)
            if upright.mode == "P":
                clean.putpalette(upright.getpalette() or [])
            out = io.BytesIO()
            clean.save(out, picture.format, quality=90)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise ValidationError(
                _("This picture cannot be read. Save it again as JPEG or PNG and send that.")
            ) from error
        return SimpleUploadedFile(sent.name or "picture", out.getvalue(), content_type=sent.content_type or "")
