"""Mutants that change nothing that anybody could see, each with the reason.

The list is checked both ways: a mutant that nothing catches must be in it, and one that something
catches must not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EQUIVALENT: Final[Mapping[str, str]] = {}
"""Reasons by the id of the mutant."""
