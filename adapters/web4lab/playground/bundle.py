"""The Python that the page runs: the core, attrs and the playground, as installed here, zipped."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import web4core

HERE: Final = Path(__file__).parent
MODULES: Final = ("driver", "fixtures", "labels", "model", "page", "trace", "view")
"""The modules of the playground that run in the browser."""


@cache
def bundle() -> bytes:
    """A zip file to be unpacked where Python looks for packages."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, name in _files():
            archive.write(path, name)
    return buffer.getvalue()


def _files() -> Iterator[tuple[Path, str]]:
    core = Path(web4core.__file__).parent
    for path in sorted(core.rglob("*.py")):
        yield path, f"web4core/{path.relative_to(core).as_posix()}"
    for name in ("__init__", *MODULES):
        yield HERE / f"{name}.py", f"web4lab/playground/{name}.py"
    yield HERE.parent / "__init__.py", "web4lab/__init__.py"
    installed = distribution("attrs")
    for file in installed.files or ():
        if file.suffix == ".py" or file.parts[0].endswith(".dist-info"):
            yield Path(str(installed.locate_file(file))), file.as_posix()
