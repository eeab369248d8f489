"""`web4 audit`: stores on disk are read, what departs is told, and what cannot be read is named."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from web4adapters.config import load_genesis
from web4adapters.storage import Store
from web4core.chain import chain_id
from web4core.events import Received
from web4core.ledger.application import Ledger
from web4core.messages import Vote
from web4core.snapshot import decode_event, event_schema

WITHOUT_Z3 = "import sys; sys.modules['z3'] = None; from web4cli import main; main()"


def web4(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `web4` where no solver is installed: an audit needs none."""
    command = [sys.executable, "-c", WITHOUT_Z3, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def simulated_run(folder: Path, *arguments: str) -> Path:
    """The journals of a simulated run of four platforms."""
    done = web4("simulate", *arguments, "--platforms", "4", "--journals", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One in which nobody is Byzantine."""
    return simulated_run(tmp_path_factory.mktemp("simulated") / "run", "--seed", "12")


@pytest.fixture
def run(simulated: Path, tmp_path: Path) -> Path:
    """A copy of them, to be spoilt."""
    return Path(shutil.copytree(simulated, tmp_path / "run"))


def as_json(*arguments: str | Path, code: int) -> dict[str, Any]:
    done = web4("audit", *arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["exit_code"] == code
    return found


def names_in(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("*/platform.toml"))


def one_of(folder: Path) -> Path:
    return folder / names_in(folder)[0]


# --- what is read ------------------------------------------------------------------------------


def test_a_simulated_run_is_kept_and_audited(simulated: Path) -> None:
    found = as_json(simulated, code=0)
    assert [each["platform"] for each in found["platforms"]] == names_in(simulated)
    assert all(each["events"] > 50 and each["decided"] > 0 for each in found["platforms"])
    assert found["departures"] == []


@pytest.mark.slow
def test_one_platform_can_be_audited_alone_and_several_by_name(simulated: Path) -> None:
    first, second = (simulated / name for name in names_in(simulated)[:2])
    (alone,) = as_json(first, code=0)["platforms"]
    assert alone["platform"] == first.name
    both = as_json(first, second, first, code=0)["platforms"]
    assert [each["platform"] for each in both] == [first.name, second.name]


def test_people_get_a_table_and_a_sentence_however_often(simulated: Path) -> None:
    """No audit changes a store."""
    done = web4("audit", simulated)
    assert done.returncode == 0
    assert all(name in done.stdout for name in names_in(simulated))
    assert "every step is one that the protocol permits" in done.stdout
    assert done.stderr == ""


# --- what departs ------------------------------------------------------------------------------


@pytest.mark.clause("I-SIGN-1")
def test_a_byzantine_platform_is_named_by_the_journals_of_the_others(tmp_path: Path) -> None:
    found = as_json(simulated_run(tmp_path / "run", "--seed", "5"), code=12)
    assert "p01" not in [each["platform"] for each in found["platforms"]]
    told = {(each["platform"], each["clause"]) for each in found["departures"]}
    assert told == {("p01", "I-SIGN-1")}


@pytest.mark.clause("I-AGREE-1", "I-SIGN-1", "C-DEC-4")
@pytest.mark.slow
def test_a_fork_is_shown_with_those_who_made_it(tmp_path: Path) -> None:
    found = as_json(simulated_run(tmp_path / "run", "--seed", "1", "--fork"), code=12)
    told = {(each["platform"], each["clause"]) for each in found["departures"]}
    assert told >= {("p00", "I-SIGN-1"), ("p01", "I-SIGN-1")}
    assert {clause for _, clause in told} == {"I-AGREE-1", "I-AGREE-2", "I-SIGN-1", "C-DEC-4"}


def shorten(home: Path, number: int) -> None:
    """Leave the first events out of a platform's journal, with all checks made anew."""
    genesis = load_genesis(home.parent / "genesis.json")
    with Store.open(home / "store", chain_id(genesis), home.name) as store:
        events = list(store.recover().events)
        blocks = store.blocks_from(1, 1_000, 1 << 30)
    del events[:number]
    shutil.rmtree(home / "store")
    with Store.create(home / "store", chain_id(genesis), home.name) as store:
        store.recover()
        store.commit(events, blocks)


def first_vote_of_another(home: Path, me: int) -> int:
    """The number of the first event in which another platform's vote is heard."""
    genesis = load_genesis(home.parent / "genesis.json")
    schema = event_schema(Ledger.of(genesis))
    with Store.open(home / "store", chain_id(genesis), home.name) as store:
        for number, record in enumerate(store.recover().events, 1):
            event = decode_event(schema, record)
            message = event.message if isinstance(event, Received) else None
            if isinstance(message, Vote) and message.statement.signer != me:
                return number
    pytest.fail("nobody else was heard")


@pytest.mark.clause("A-DUR-2")
@pytest.mark.slow
def test_a_journal_without_its_first_events_departs(run: Path) -> None:
    home = one_of(run)
    names = [each["name"] for each in json.loads((run / "genesis.json").read_text())["platforms"]]
    events = as_json(home, code=0)["events"]
    number = first_vote_of_another(home, names.index(home.name))
    shorten(home, number)
    found = as_json(home, code=12)
    assert found["events"] == events - number
    assert {each["platform"] for each in found["departures"]} == {home.name}
    told = web4("audit", home)
    assert told.returncode == 12
    assert f"DEPARTS  {home.name}, " in told.stdout


# --- what cannot be read -----------------------------------------------------------------------


@pytest.mark.clause("C-DURABLE-3")
def test_a_damaged_store_is_named(run: Path) -> None:
    home = one_of(run)
    with closing(sqlite3.connect(home / "store" / "store.sqlite3")) as connection:
        connection.execute("UPDATE journal SET event = x'00' WHERE seq = 7")
        connection.commit()
    done = web4("audit", run)
    assert done.returncode == 1
    assert f"store {home / 'store'}: journal record 7" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_folder_without_platforms_is_named(tmp_path: Path) -> None:
    done = web4("audit", tmp_path)
    assert done.returncode == 1
    assert str(tmp_path) in done.stderr
    assert "platform.toml" in done.stderr


@pytest.mark.slow
def test_a_federation_that_never_ran_is_nothing_to_audit(simulated: Path, tmp_path: Path) -> None:
    """Nor is it compared with another."""
    folder = tmp_path / "federation"
    assert web4("init", folder).returncode == 0
    found = as_json(folder, code=3)
    assert (found["verdict"], found["events"]) == ("nothing", 0)
    done = web4("audit", simulated, folder)
    assert done.returncode == 1
    assert "another chain" in done.stderr


@pytest.mark.slow
def test_journals_are_of_one_seed_with_real_signatures(tmp_path: Path) -> None:
    for wrong in (["--seeds", "2"], ["--seed", "5", "--stand-in-signatures"]):
        done = web4("simulate", *wrong, "--journals", tmp_path / "run")
        assert done.returncode == 2
        assert "--journals takes" in done.stderr
