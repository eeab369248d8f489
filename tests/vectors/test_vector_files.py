"""The files of `spec/vectors/` are as they are written, and what is wrong with one is seen.

`python3 -m tests.vectors` writes them anew.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.vectors.catalogue import (
    BY_HAND,
    FILES,
    FOLDER,
    broken_promises,
    made,
    path_of,
    read,
    stale,
    strangers,
    write,
)
from tests.vectors.form import Json
from tests.vectors.runs import RUNS
from tests.vectors.schema import errors
from web4core.hashing import WIRE_VERSION, Tag, domain

MAX_FOLDER_BYTES = 2_000_000
TRANSCRIPTS = tuple(f"transcript_{run}" for run in RUNS)


def read_schema() -> Json:
    return json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))


# --- the files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_byte_for_byte_as_it_is_written(name: str) -> None:
    assert path_of(name).read_bytes() == made(name).encode()


def test_no_file_is_unknown_to_those_that_write_them() -> None:
    assert strangers() == []


def test_what_is_written_by_hand_is_there() -> None:
    assert [name for name in BY_HAND if not (FOLDER / name).exists()] == []


@pytest.mark.clause("W-HASH-1")
@pytest.mark.parametrize("name", FILES)
def test_a_file_holds_for_this_version_of_the_wire(name: str) -> None:
    version = read(name)["wire_version"]
    assert version == WIRE_VERSION
    assert domain(Tag.HEADER) == f"web4/{version}/header".encode() + b"\0"


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_the_shape_of_the_schema(name: str) -> None:
    assert errors(read_schema(), read(name)) == []


def test_the_page_lists_every_file() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in FILES if f"`{name}.json`" not in page] == []


def test_the_folder_stays_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MAX_FOLDER_BYTES


# --- the checks can fail -------------------------------------------------------------------------


def spoilt(name: str, change: Callable[[Json], None]) -> list[str]:
    """What the check says of the file after a change."""
    document = json.loads(made(name))
    change(document)
    return FILES[name].check(document)


def first(document: Json, member: str) -> Json:
    return next(vector for vector in document["vectors"] if member in vector)


def give_another_result(document: Json) -> None:
    vector = first(document, "result")
    vector["result"] = {"other": 0}


def refuse_what_is_good(document: Json) -> None:
    vector = first(document, "result")
    del vector["result"]
    vector["refusal"] = {"clauses": ["W-CBOR-1"]}


def accept_what_is_refused(document: Json) -> None:
    vector = first(document, "refusal")
    del vector["refusal"]
    vector["result"] = "accepted"


def name_another_clause(document: Json) -> None:
    vector = first(document, "refusal")
    vector["refusal"] = {"clauses": ["I-AGREE-1"], "code": "other"}


@pytest.mark.parametrize("name", FILES)
def test_another_result_is_seen(name: str) -> None:
    assert len(spoilt(name, give_another_result)) == 1


@pytest.mark.parametrize("name", sorted(set(FILES) - set(TRANSCRIPTS)))
def test_a_refusal_of_what_is_good_is_seen(name: str) -> None:
    assert len(spoilt(name, refuse_what_is_good)) == 1


WITH_REFUSALS = [name for name in FILES if '"refusal"' in made(name)]


@pytest.mark.parametrize("name", WITH_REFUSALS)
@pytest.mark.parametrize("change", [accept_what_is_refused, name_another_clause])
def test_another_refusal_is_seen(name: str, change: Callable[[Json], None]) -> None:
    assert len(spoilt(name, change)) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda document: document.update(format="other"), id="format"),
        pytest.param(lambda document: document.pop("wire_version"), id="no version"),
        pytest.param(lambda document: document.update(more=1), id="more"),
        pytest.param(lambda document: document["vectors"].clear(), id="no vectors"),
        pytest.param(lambda document: document["vectors"][0].pop("clauses"), id="no clauses"),
        pytest.param(lambda document: document["vectors"][0].update(id="A b"), id="id"),
        pytest.param(lambda document: document["vectors"][0].pop("result"), id="no result"),
        pytest.param(lambda document: document["vectors"][-1].update(result={}), id="both"),
        pytest.param(lambda document: document["vectors"][0]["input"].update(x=1), id="input"),
        pytest.param(
            lambda document: document["vectors"][0]["input"].update(bytes="0"), id="half a byte"
        ),
        pytest.param(
            lambda document: document["vectors"][0]["input"].update(bytes="FF"), id="capitals"
        ),
    ],
)
def test_another_shape_is_seen(change: Callable[[Json], Any]) -> None:
    document = json.loads(made("codec"))
    change(document)
    assert errors(read_schema(), document) != []


def test_a_keyword_of_the_schema_that_is_not_known_is_an_error() -> None:
    assert errors({"minLength": 1}, "") != []


# --- what a vector says stays as it is -----------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    write(folder)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A folder of vectors to spoil."""
    return Path(shutil.copytree(whole, tmp_path / "vectors"))


def rewrite(folder: Path, change: Callable[[Json], Any]) -> None:
    path = path_of("codec", folder)
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def test_what_was_just_written_is_as_it_should_be(whole: Path) -> None:
    assert (stale(whole), strangers(whole), broken_promises(whole)) == ([], [], [])


def test_a_vector_that_said_something_else_is_not_written_over(folder: Path) -> None:
    rewrite(folder, lambda document: document["vectors"][0]["input"].update(bytes="01"))
    assert broken_promises(folder) == ["codec: integer-0"]


def test_a_vector_that_is_gone_is_missed(folder: Path) -> None:
    more = {"id": "old", "input": {}, "result": 1}
    rewrite(folder, lambda document: document["vectors"].append(more))
    assert broken_promises(folder) == ["codec: old"]


def test_other_words_and_new_vectors_may_be_written(folder: Path) -> None:
    rewrite(folder, lambda document: document["vectors"][0].update(about="Other words."))
    rewrite(folder, lambda document: document["vectors"].pop())
    assert broken_promises(folder) == []
    assert stale(folder) == ["codec"]


def test_with_another_version_of_the_wire_everything_may_change(folder: Path) -> None:
    rewrite(folder, lambda document: document["vectors"][0]["input"].update(bytes="01"))
    rewrite(folder, lambda document: document.update(wire_version=WIRE_VERSION - 1))
    assert broken_promises(folder) == []


def test_a_missing_file_is_seen(folder: Path) -> None:
    path_of("rules", folder).unlink()
    assert stale(folder) == ["rules"]


def test_a_file_of_nobody_is_seen(folder: Path) -> None:
    (folder / "more.json").write_text("{}")
    assert strangers(folder) == ["more.json"]
