"""Words in two languages: `Text` for labels in code, `LocalisedText` for what people write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A label of a module, in English and Gaelic, chosen when it is shown and never at import."""

    en: str
    gd: str

    def get(self, language: str) -> str:
        return self.gd if language == "gd" and self.gd else self.en

    def format(self, **values: object) -> Text:
        """The same sentence with its numbers filled in, in both languages."""
        return Text(self.en.format(**values), self.gd.format(**values))


NO_TEXT = Text("", "")


@dataclass(frozen=True, slots=True)
class LocalisedText:
    """Content in English, which is required, and Gaelic, which may be missing: English is shown then."""

    en: str
    gd: str = ""

    def get(self, language: str) -> str:
        return self.gd if language == "gd" and self.gd else self.en

    def language(self, wanted: str) -> str:
        """The language `get(wanted)` really answers in, for the page's `lang` attribute."""
        return "gd" if wanted == "gd" and self.gd else "en"

    def as_json(self) -> dict[str, str]:
        return {"en": self.en, "gd": self.gd} if self.gd else {"en": self.en}

    def __str__(self) -> str:
        return self.en
