"""Reading uploaded documents of 100 pages, beside the libraries' plain text, and what hostile files cost."""

import asyncio
import io
import resource
import time

import docx
from pypdf import PdfReader

from services.policy_api.service.parsing import READERS, parse_document
from services.policy_api.settings import Settings
from shared.kit.confined import ConfinedReader, ReaderLimits
from shared.kit.errors import DomainError
from tests.files import CLOSING, OPENING, bombs, make_docx, make_pdf
from tools.bench.bench import Bench
from tools.bench.figures import Figure, Section

_ARTICLES = 1_200
_LINES_A_PAGE = 12
_ROUNDS = 5
_TARGET_SECONDS = 1.0


def measure_parsing(bench: Bench) -> Section:
    """Target: every hostile file is answered within a second; no figure is named for honest ones."""
    bench.say("documents of 100 pages, and hostile files")
    figures, notes = asyncio.run(_measure())
    return Section("parsing", "Reading uploaded documents", figures, notes=notes)


async def _measure() -> tuple[list[Figure], list[str]]:
    settings = {name: field.default for name, field in Settings.model_fields.items()}
    reader = ConfinedReader(READERS, ReaderLimits(settings["reader_memory_bytes"], settings["reader_seconds"], 4))
    try:
        lines = [*OPENING, *(_article(number) for number in range(1, _ARTICLES + 1)), *CLOSING]
        pages = [lines[at : at + _LINES_A_PAGE] for at in range(0, len(lines), _LINES_A_PAGE)]
        word, printed = make_docx(lines), make_pdf(pages)
        figures = [
            await _compare(reader, ".docx of 100 pages", word, lambda: _plain_word(word), "python-docx's paragraphs"),
            await _compare(reader, ".pdf of 101 pages", printed, lambda: _plain_pdf(printed), "pypdf's text"),
        ]
        slowest, name, count = await _try_bombs(reader)
    finally:
        await reader.close()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    figures.append(
        Figure(
            f"slowest of {count} hostile files ({name})",
            f"{slowest:.2f} s",
            target=f"< {_TARGET_SECONDS:.0f} s",
            met=slowest < _TARGET_SECONDS,
        )
    )
    figures.append(Figure("peak memory of any reading", f"{peak:,.0f} MB"))
    size = sum(map(len, lines))
    notes = [
        f"{_ARTICLES:,} articles, {size:,} characters; a reading goes through the reader's process and ends with fields, "
        f"outline and doubts as JSON, the baseline with the text alone in this process. The best of {_ROUNDS}. Hostile files: "
        "those of the tests, one after another, each refused; the limit of memory is "
        f"{settings['reader_memory_bytes'] / 1e6:,.0f} MB of addresses.",
    ]
    return figures, notes


def _article(number: int) -> str:
    return f"第{number}条　市场主体应当按照规定的条件和程序办理登记，不得提供虚假材料，主管部门应当予以公示。"


async def _compare(reader: ConfinedReader, name: str, content: bytes, plain: object, baseline: str) -> Figure:
    assert callable(plain)
    ours = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        parsed = await parse_document(reader, content)
        ours.append(time.perf_counter() - started)
    if len(parsed.outline) != _ARTICLES:
        raise AssertionError(f"{len(parsed.outline)} articles were read")
    theirs = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        plain()
        theirs.append(time.perf_counter() - started)
    return Figure(name, f"{min(ours):.2f} s", f"{min(theirs):.2f} s {baseline}", min(ours) / min(theirs))


def _plain_word(content: bytes) -> str:
    return "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs)


def _plain_pdf(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


async def _try_bombs(reader: ConfinedReader) -> tuple[float, str, int]:
    """Seconds of the slowest refusal, whose it is, and how many there were."""
    took = {}
    for name, (content, _) in bombs().items():
        started = time.perf_counter()
        try:
            await reader.read(content)
        except DomainError:
            took[name] = time.perf_counter() - started
        else:
            raise AssertionError(f"{name} was read")
    slowest = max(took, key=lambda name: took[name])
    return took[slowest], slowest, len(took)
