"""A second implementation, in JavaScript, agrees with the vectors, with chains, and with `web4`."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
VECTORS = HERE.parent.parent / "spec" / "vectors"
VIOLATION = 12
UNREADABLE = 1
NODE_LEAST = 18
RANDOM_CHAINS = 15
RANDOM_SEED = 7


@dataclass(frozen=True)
class Run:
    """How a command ended."""

    code: int
    output: str
    errors: str


@pytest.fixture(scope="session")
def node() -> str:
    """The `node` of this machine; without it, nothing here can be checked."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed: the second implementation needs it")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    if int(version.stdout.lstrip("v").split(".")[0]) < NODE_LEAST:
        pytest.skip(f"node is {version.stdout.strip()}: it must be {NODE_LEAST} at least")
    return found


def run_script(node: str, script: str, *words: str | Path) -> Run:
    command = [node, str(HERE / script), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return Run(done.returncode, done.stdout, done.stderr)


def run_web4(*words: str | Path) -> Run:
    """The `web4` of this environment, in this process, which saves its start."""
    (command,) = entry_points(group="console_scripts", name="web4")
    main = command.load()
    output, errors, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["web4", *map(str, words)]
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.argv = before
    return Run(code, output.getvalue(), errors.getvalue())


@pytest.fixture(scope="session")
def exported_chain(node: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain with every kind of transaction, signed by the second implementation."""
    file = tmp_path_factory.mktemp("chain") / "chain.jsonl"
    made = run_script(node, "make_chain.mjs", file)
    assert made.code == 0, made.errors
    return file


@pytest.fixture(scope="session")
def demo_chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chain that `web4 demo` makes, exported by `web4 export`."""
    folder = tmp_path_factory.mktemp("demo")
    federation, file = folder / "federation", folder / "demo.jsonl"
    web4 = [sys.executable, "-c", "import sys; from importlib.metadata import entry_points as e; "]
    web4[-1] += "sys.argv[0] = 'web4'; e(group='console_scripts', name='web4')['web4'].load()()"
    subprocess.run(
        [*web4, "demo", "--json", "--keep", str(federation)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    platform = next(iter(sorted(federation.glob("*/platform.toml"))))
    # A platform alone decides nothing, but it hands out the chain that it has.
    with subprocess.Popen(
        [*web4, "run", str(platform)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        try:
            export = [*web4, "export", str(file), "--federation", str(federation)]
            export += ["--via", platform.parent.name]
            while (done := subprocess.run(export, capture_output=True, check=False)).returncode:
                assert running.poll() is None, done
                file.unlink(missing_ok=True)
                time.sleep(0.2)
        finally:
            running.terminate()
    return file


@dataclass(frozen=True)
class Corruption:
    """A chain that must be refused: the clauses by one of which, where, and the ledger's code."""

    name: str
    clauses: list[str]
    height: int
    code: str | None
    file: Path


def corrupt(node: str, chain: Path, folder: Path) -> list[Corruption]:
    made = run_script(node, "corruptions.mjs", chain, folder)
    assert made.code == 0, made.errors
    listed = json.loads((folder / "index.json").read_text())
    return [
        Corruption(c["name"], c["clauses"], c["height"], c.get("code"), folder / c["file"])
        for c in listed
    ]


@pytest.fixture(scope="session")
def corruptions(
    node: str, exported_chain: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Corruption]:
    return corrupt(node, exported_chain, tmp_path_factory.mktemp("corruptions"))


def verify_all(node: str, files: list[Path]) -> list[dict[str, Any]]:
    done = run_script(node, "verify_export.mjs", "--json", *files)
    assert done.errors == ""
    return [json.loads(line) for line in done.output.splitlines()]


def complaint(corruption: Corruption, verdict: dict[str, Any]) -> str | None:
    """What is wrong with a verdict of the second implementation, if anything."""
    expected = {"height": corruption.height, "code": corruption.code}
    found = {"height": verdict["height"], "code": verdict.get("code")}
    if verdict.get("clause") in corruption.clauses and found == expected:
        return None
    return f"{corruption.name}: {verdict}, not {corruption.clauses} with {expected}"


def test_every_vector_agrees(node: str) -> None:
    done = run_script(node, "check_vectors.mjs", VECTORS)
    assert done.code == 0, done.output + done.errors
    assert done.output.splitlines()[-1].endswith("0 disagree; 0 cases not covered")


def test_a_vector_that_says_something_else_is_found(node: str, tmp_path: Path) -> None:
    """Each file of vectors is read: one changed result or refusal in it, and the run fails."""
    names = [file.name for file in sorted(VECTORS.glob("*.json")) if file.name != "schema.json"]
    for name in names:
        vectors = json.loads((VECTORS / name).read_text())
        first = vectors["vectors"][0]
        first.pop("result", None)
        first["refusal"] = {"clauses": ["I-SIGN-1"]}
        (tmp_path / name).write_text(json.dumps(vectors))
    done = run_script(node, "check_vectors.mjs", tmp_path)
    assert done.code == 1
    disagreeing = {
        line.split(":")[0] for line in done.output.splitlines() if line.endswith(": DISAGREES")
    }
    left = {line.split(":")[0] for line in done.output.splitlines() if ": not covered" in line}
    assert disagreeing | left == set(names)


def test_a_file_of_an_unknown_kind_or_without_cases_is_found(node: str, tmp_path: Path) -> None:
    file = tmp_path / "new.json"
    file.write_text(json.dumps({"format": "new", "given": {}, "vectors": [{"id": "x"}]}))
    assert run_script(node, "check_vectors.mjs", tmp_path).code == 1
    file.write_text(json.dumps({"format": "codec", "given": {}, "vectors": []}))
    assert run_script(node, "check_vectors.mjs", tmp_path).code == 1
    file.unlink()
    assert run_script(node, "check_vectors.mjs", tmp_path).code == 1


def test_both_implementations_find_one_chain_in_an_export(node: str, exported_chain: Path) -> None:
    (theirs,) = verify_all(node, [exported_chain])
    ours = run_web4("verify", "--json", exported_chain)
    assert ours.code == 0, ours.output
    found = json.loads(ours.output)
    assert found["findings"] == []
    for name in ("height", "digest", "transactions", "supply"):
        assert found[name] == theirs[name]
    assert theirs["accounts"]["alice@thor"] == {"available": "800.249993", "locked": "0"}


@pytest.mark.slow
def test_both_implementations_find_one_chain_in_the_export_of_a_demo(
    node: str, demo_chain: Path
) -> None:
    (theirs,) = verify_all(node, [demo_chain])
    ours = run_web4("verify", "--json", demo_chain)
    assert ours.code == 0, ours.output
    found = json.loads(ours.output)
    for name in ("height", "digest", "transactions", "supply"):
        assert found[name] == theirs[name]
    assert theirs["height"] >= 7


@pytest.mark.slow
def test_both_implementations_give_one_verdict_on_random_chains(node: str, tmp_path: Path) -> None:
    """The last block of each is signed by a quorum; whether it is valid, only the rules tell."""
    made = run_script(node, "random_chains.mjs", tmp_path, str(RANDOM_CHAINS), str(RANDOM_SEED))
    assert made.code == 0, made.errors
    files = [tmp_path / f"{i}.jsonl" for i in range(RANDOM_CHAINS)]
    refused = 0
    for file, theirs in zip(files, verify_all(node, files), strict=True):
        ours = run_web4("verify", "--json", file)
        found = json.loads(ours.output)
        if "clause" in theirs:
            refused += 1
            (finding,) = found["findings"]
            assert (finding["height"], finding["clause"]) == (theirs["height"], theirs["clause"])
            assert theirs["code"] in finding["reason"]
        else:
            assert ours.code == 0, ours.output
            assert (found["height"], found["digest"]) == (theirs["height"], theirs["digest"])
    assert 0 < refused < RANDOM_CHAINS


def test_a_chain_that_ends_earlier_is_a_chain(node: str, exported_chain: Path) -> None:
    """Nothing in an export tells how far the chain went on: the end is the reader's to compare."""
    lines = exported_chain.read_text().splitlines()
    for count in range(1, len(lines)):
        shorter = exported_chain.with_name(f"{count}.jsonl")
        shorter.write_text("\n".join(lines[:count]) + "\n")
        (verdict,) = verify_all(node, [shorter])
        assert verdict["height"] == count - 1


def test_a_violation_ends_with_exit_code_12_and_its_clause(
    node: str, corruptions: list[Corruption]
) -> None:
    (one,) = [c for c in corruptions if c.name == "signed-overspending"]
    done = run_script(node, "verify_export.mjs", one.file)
    assert done.code == VIOLATION
    assert done.output.startswith(f"height {one.height}: L-BLOCK-1: ")


def test_every_corruption_is_refused_by_its_clause(
    node: str, corruptions: list[Corruption]
) -> None:
    verdicts = verify_all(node, [c.file for c in corruptions])
    pairs = zip(corruptions, verdicts, strict=True)
    assert [found for c, v in pairs if (found := complaint(c, v))] == []
    assert len(corruptions) > 200


@pytest.mark.slow
def test_every_corruption_of_a_demo_is_refused_by_its_clause(
    node: str, demo_chain: Path, tmp_path: Path
) -> None:
    corruptions = corrupt(node, demo_chain, tmp_path)
    verdicts = verify_all(node, [c.file for c in corruptions])
    pairs = zip(corruptions, verdicts, strict=True)
    assert [found for c, v in pairs if (found := complaint(c, v))] == []


def disagreement(corruption: Corruption) -> str | None:
    """What `web4 verify` says otherwise of a corruption, if anything.

    A genesis or a file that cannot be read is no chain: the command may end with 1 then, and names
    the clause where the specification has one.
    """
    done = run_web4("verify", "--json", corruption.file)
    if done.code == VIOLATION:
        (finding,) = json.loads(done.output)["findings"]
        right = finding["clause"] in corruption.clauses and finding["height"] == corruption.height
        return None if right else str(finding)
    unreadable = corruption.height == 0 or corruption.name.startswith("file-")
    if done.code == UNREADABLE and unreadable:
        said = done.output + done.errors
        proposed = any(clause.startswith("G-") for clause in corruption.clauses)
        return None if proposed or any(c in said for c in corruption.clauses) else said
    return f"exit code {done.code}: {done.output}"


@pytest.mark.clause("G-GENESIS-1", "G-GENESIS-2", "G-GENESIS-3", "G-GENESIS-4")
@pytest.mark.clause("G-EXPORT-1", "G-EXPORT-2", "G-EXPORT-3", "G-EXPORT-4", "G-EXPORT-5")
@pytest.mark.slow
def test_web4_verify_refuses_every_corruption_by_its_clause_too(
    corruptions: list[Corruption],
) -> None:
    found = {c.name: said for c in corruptions if (said := disagreement(c))}
    assert found == {}
