"""The installation of a mutant: it replaces one module's source before its first import.

The proofs then import `web4core` as always, and get the mutant.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType


class AlreadyImported(Exception):
    """The module was imported before its mutant could be put in place."""


def source_of(module: str) -> str:
    """Return the source of an installed module, without importing it or its package."""
    return path_of(module).read_text(encoding="utf-8")


def path_of(module: str) -> Path:
    """Return the file of an installed module, found from its top package, which has no mutants."""
    top, *rest = module.split(".")
    spec = importlib.util.find_spec(top)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{top} is not installed", name=top)
    base = Path(spec.submodule_search_locations[0]).joinpath(*rest)
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


class _Mutated(importlib.machinery.SourceFileLoader):
    """Loads a module from another text in its file's place, and caches nothing."""

    def __init__(self, module: str, path: str, text: str) -> None:
        super().__init__(module, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002  the protocol of importlib
        """Return the code of the other text, never the cached code of the file."""
        return self.source_to_code(self._text.encode(), self.path)

    def get_source(self, fullname: str) -> str:  # noqa: ARG002  what `linecache` shows
        """Return the other text."""
        return self._text


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module, and gives it another text."""

    def __init__(self, module: str, text: str) -> None:
        self._module = module
        self._text = text

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  the protocol of importlib
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the module's spec with a loader for the other text."""
        if fullname != self._module:
            return None
        path_text = str(path_of(fullname))
        loader = _Mutated(fullname, path_text, self._text)
        return importlib.util.spec_from_file_location(fullname, path_text, loader=loader)


def install(module: str, text: str) -> None:
    """Replace a module's text from its first import on. Raises `AlreadyImported`."""
    if module in sys.modules:
        raise AlreadyImported(module)
    # `linecache` and reports, which show source by file, must show the code that runs
    linecache.cache[str(path_of(module))] = (len(text), None, text.splitlines(True), "")
    sys.meta_path.insert(0, _Finder(module, text))
