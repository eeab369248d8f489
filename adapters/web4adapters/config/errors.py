"""The error of a configuration file: which file, what is wrong, what to do."""

from __future__ import annotations

from pathlib import Path


class ConfigError(Exception):
    """A file that people write holds something impossible."""

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__(f"{path}: {reason}; {remedy}")
        self.path = path
        self.reason = reason
        self.remedy = remedy
