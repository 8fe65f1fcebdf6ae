"""What is in already: one line a row, appended as its answer arrives, so that a broken run goes on where it stopped.

A row is known by the hash of all that is sent for it and by where it was sent: an improved mapping sends it again.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO


@dataclass(frozen=True)
class Entry:
    """The answer to one row."""

    hash: str
    outcome: str
    id: str | None = None
    version: int | None = None


class Journal:
    """A file of entries, for one suite. Use as a context manager."""

    def __init__(self, folder: Path, *, target: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "journal.jsonl"
        self._target = target
        self._known = self._load()
        self._file: IO[str] | None = None

    def __enter__(self) -> "Journal":
        self._file = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        self._file.close()

    def find(self, row_hash: str) -> Entry | None:
        """The entry of a row that is in."""
        return self._known.get(row_hash)

    def add(self, entry: Entry) -> None:
        """Remember it, on disk at once."""
        assert self._file is not None
        self._known[entry.hash] = entry
        self._file.write(json.dumps({"target": self._target, **asdict(entry)}) + "\n")
        self._file.flush()

    def _load(self) -> dict[str, Entry]:
        known: dict[str, Entry] = {}
        if not self._path.exists():
            return known
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                stored = json.loads(line)
                if stored.pop("target") == self._target:
                    known[stored["hash"]] = Entry(**stored)
            except (ValueError, KeyError, TypeError):
                # The last line of a run that was killed while writing it.
                continue
        return known
