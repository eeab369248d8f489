"""The core in WebAssembly, under Node: the bytes are those of CPython.

The wheel is the one that users get; attrs is the one that is installed here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from tests.runtimes import asyncio_, sync, threads
from tests.runtimes.member import CRYPTO, Member
from tests.runtimes.replay import Document, digest_of, replayed
from tests.runtimes.transcripts import transcripts
from web4core import state_digest
from web4core.types import PublicKey, Signature

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIMIT_S = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """web4 as a wheel, without what it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True, timeout=LIMIT_S)
    [made] = folder.glob("web4-*.whl")
    return made


@pytest.fixture(scope="module")
def attrs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The attrs that is installed here, as a zip file."""
    path = tmp_path_factory.mktemp("attrs") / "attrs.zip"
    installed = distribution("attrs")
    with zipfile.ZipFile(path, "w") as archive:
        for file in installed.files or ():
            if file.suffix == ".py" or file.parts[0].endswith(".dist-info"):
                archive.write(str(installed.locate_file(file)), str(file))
    return path


@pytest.fixture(scope="module")
def journals() -> dict[str, Member]:
    """A platform of a federation in each of three runtimes, to be folded again."""
    runtimes = {"sync": sync, "threads": threads, "asyncio": asyncio_}
    return {name: runtime.federation()[0] for name, runtime in runtimes.items()}


@pytest.fixture(scope="module")
def documents(journals: dict[str, Member]) -> dict[str, Document]:
    """All that is played: the transcripts of the specification, and these journals."""
    return transcripts() | {name: member.document() for name, member in journals.items()}


@pytest.fixture(scope="module")
def given(
    node: str,
    pyodide: Path,
    wheel: Path,
    attrs: Path,
    documents: dict[str, Document],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """What they give in WebAssembly, all in one process; nothing but the result is printed."""
    path = tmp_path_factory.mktemp("wasm") / "documents.json"
    path.write_text(json.dumps(documents), encoding="utf-8")
    files = (HERE / "wasm" / "replay.mjs", pyodide, wheel, attrs, HERE / "replay.py", path)
    done = subprocess.run(
        [node, *map(str, files)], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    given: dict[str, Any] = json.loads(done.stdout)
    return given


@pytest.mark.clause("A-EVENT-1", "A-DUR-3")
def test_the_bytes_in_webassembly_are_those_of_cpython(
    given: dict[str, Any], documents: dict[str, Document]
) -> None:
    assert given["machine"] == "wasm32"
    here = {name: replayed(each, CRYPTO) for name, each in documents.items()}
    assert given["given"] == {name: lines.decode() for name, lines in here.items()}
    assert given["digest"] == digest_of(here.values())


@pytest.mark.clause("A-EVENT-3")
def test_every_signature_is_asked_of_the_host(
    given: dict[str, Any], documents: dict[str, Document]
) -> None:
    asked = 0

    def counting(key: PublicKey, message: bytes, signature: Signature) -> bool:
        nonlocal asked
        asked += 1
        return CRYPTO.verify(key, message, signature)

    for document in documents.values():
        replayed(document, CRYPTO._replace(verify=counting))
    assert given["verified"] == asked > 0


@pytest.mark.clause("A-DUR-2")
def test_a_journal_kept_elsewhere_folds_to_the_same_state_in_webassembly(
    given: dict[str, Any], journals: dict[str, Member]
) -> None:
    for name, member in journals.items():
        last = json.loads(given["given"][name].splitlines()[-1])
        assert last["state"] == state_digest(member.state).hex(), name
