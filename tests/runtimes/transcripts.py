"""The transcripts of `spec/vectors/`, read once."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from tests.runtimes.replay import Document

FOLDER = Path(__file__).resolve().parents[2] / "spec" / "vectors"


@cache
def transcripts() -> dict[str, Document]:
    """Each by the name of its file, in order."""
    files = sorted(FOLDER.glob("transcript_*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}
