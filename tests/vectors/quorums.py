"""How many platforms it takes, and whose turn it is."""

from __future__ import annotations

from collections.abc import Iterator

from tests.vectors.form import Document, Json, Vector, accept, check_each, number
from web4core.quorum import faulty, proposer, quorum, with_an_honest_one
from web4core.schema import MAX_UINT

ABOUT = (
    "For N platforms: f, the quorum q, how many are taken to contain an honest one, and the "
    "proposer of a view of a height."
)
EXPECTED = {
    1: (0, 1),
    2: (0, 2),
    3: (0, 2),
    4: (1, 3),
    5: (1, 4),
    6: (1, 4),
    7: (2, 5),
    8: (2, 6),
    9: (2, 6),
    10: (3, 7),
    11: (3, 8),
    12: (3, 8),
    13: (4, 9),
    100: (33, 67),
    127: (42, 85),
    128: (42, 86),
}
"""f and q for each N, counted by hand from C-QUORUM-1 and C-QUORUM-2."""

TURNS = (
    (4, 1, 0, 1),
    (4, 1, 1, 2),
    (4, 1, 3, 0),
    (4, 3, 1, 0),
    (5, 7, 4, 1),
    (1, 9, 9, 0),
    (4, MAX_UINT, 0, 3),
    (7, MAX_UINT, MAX_UINT, 0),
    (128, 2**53, 127, 127),
)
"""N, height, view, and whose turn it is by C-QUORUM-4."""


def _result(n: int, turn: int) -> Json:
    f, q = EXPECTED[n]
    return {"faulty": f, "quorum": q, "with_an_honest_one": f + 1, "proposer": turn}


def vectors() -> Iterator[Vector]:
    for n in EXPECTED:
        about = f"{n} platforms, view 0 of height 1."
        clauses = "C-QUORUM-1 C-QUORUM-2 C-QUORUM-3 C-QUORUM-4"
        yield accept(f"n {n}", about, clauses, _result(n, 1 % n), n=n, height=1, view=0)
    for n, height, view, turn in TURNS:
        about = f"{n} platforms, view {view} of height {height}."
        yield accept(
            f"turn of {n} {height} {view}",
            about,
            "C-QUORUM-4",
            _result(n, turn),
            n=n,
            height=number(height),
            view=number(view),
        )


def make() -> Document:
    return Document("quorums", ABOUT, {}, vectors())


def judge(_given: Json, vector: Json) -> Json:
    n = vector["n"]
    return {
        "faulty": faulty(n),
        "quorum": quorum(n),
        "with_an_honest_one": with_an_honest_one(n),
        "proposer": proposer(int(vector["height"]), int(vector["view"]), n),
    }


def check(document: Json) -> list[str]:
    return check_each(document, judge)
