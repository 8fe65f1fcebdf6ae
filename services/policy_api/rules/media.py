"""Images, films and sounds of an interpretation, and whether each has its content as text (无障碍环境建设法第三十二条). Pure."""

from collections.abc import Iterable
from html.parser import HTMLParser

from services.policy_api.rules.three_sync.facts import Medium

_KINDS = ("image/", "video/", "audio/")
_EXTENSIONS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".mp4", ".mov", ".webm", ".mp3", ".m4a", ".wav")


def media_of_attachments(attachments: Iterable[tuple[str, str | None, str | None]]) -> list[Medium]:
    """Of (name, media type, alternative text)."""
    return [
        Medium(name, has_alternative=bool((alternative or "").strip()))
        for name, media_type, alternative in attachments
        if (media_type or "").startswith(_KINDS) or name.lower().endswith(_EXTENSIONS)
    ]


def media_of_html(body: str) -> list[Medium]:
    """Of the tags in a text. An image speaks through `alt`; a film or sound needs its script beside it."""
    finder = _MediaFinder()
    finder.feed(body)
    return finder.found


class _MediaFinder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Medium] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"img", "video", "audio"}:
            return
        values = dict(attrs)
        text = values.get("alt") or values.get("aria-label") or values.get("title") or ""
        self.found.append(Medium(f"图{len(self.found) + 1}", has_alternative=bool(text.strip())))
