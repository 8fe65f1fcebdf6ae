"""One way in to all readers: the content says which of them reads it."""

import re
from collections.abc import Callable

from services.policy_api.service.readers.found import Bounds, Readout
from services.policy_api.service.readers.kinds import FileKind, find_kind
from services.policy_api.service.readers.pdf import read_pdf
from services.policy_api.service.readers.plain import read_page, read_text
from services.policy_api.service.readers.word import read_word

_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")


def read_kind(data: bytes, bounds: Bounds, allow_pages: Callable[[int], None]) -> Readout:
    """The text, by whichever reader the content asks for; `allow_pages` is told how many pages there are."""
    kind = find_kind(data)
    if kind is FileKind.WORD:
        found = read_word(data, bounds)
    elif kind is FileKind.PDF:
        found = read_pdf(data, bounds, allow_pages)
    else:
        found = read_page(data, bounds) if kind is FileKind.PAGE else read_text(data, bounds)
    # What neither a person sees nor a database holds; a page's end (form feed) is a line's end.
    found.text = _INVISIBLE.sub("", found.text.replace("\f", "\n"))
    return found
