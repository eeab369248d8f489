"""What is proved is what is installed: a wheel, unpacked in a folder, and edited there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.build import build_wheel

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The wheel's content, where Python looks first."""
    folder = tmp_path / "site"
    with monkeypatch.context() as patch:
        patch.chdir(ROOT)
        name = build_wheel(str(tmp_path))
    with zipfile.ZipFile(tmp_path / name) as wheel:
        wheel.extractall(folder)
    return folder


def prove(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`web4 check prove --json` of what stands in `site`, run in `folder`."""
    command = [sys.executable, "-m", "web4cli", "check", "prove", "--json"]
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.clause("L-COMMIT-4")
@pytest.mark.slow
def test_a_proof_fails_when_the_installed_file_is_edited(site: Path, tmp_path: Path) -> None:
    sound = prove(site, tmp_path, "L-COMMIT-4")
    assert sound.returncode == 0, sound.stdout + sound.stderr

    rules = site / "web4core" / "ledger" / "rules.py"
    text = rules.read_text()
    assert text.count("call.time_ms >= pending.expiry_ms") == 1
    rules.write_text(
        text.replace("call.time_ms >= pending.expiry_ms", "call.time_ms > pending.expiry_ms")
    )

    edited = prove(site, tmp_path, "L-COMMIT-4")
    assert edited.returncode == 12, edited.stdout + edited.stderr
    executed = [theorem["executed"] for theorem in json.loads(edited.stdout)["theorems"]]
    assert executed != [theorem["executed"] for theorem in json.loads(sound.stdout)["theorems"]]


def example() -> tuple[str, str]:
    """The README's ledger rules that lose a unit, and the mended ones."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(# fees\.py\n.*?)```", text, re.DOTALL)
    assert program.count("FEE_UATP - 1)") == 1
    return program, program.replace("FEE_UATP - 1)", "FEE_UATP)")


@pytest.mark.slow
def test_the_example_of_the_readme_is_refuted_and_the_mended_one_is_proved(
    site: Path, tmp_path: Path
) -> None:
    lossy, mended = example()
    assert lossy != mended
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "fees.py").write_text(lossy)
    refuted = prove(site, folder, "--rules", "fees")
    assert refuted.returncode == 12, refuted.stdout + refuted.stderr
    failures = [
        each for theorem in json.loads(refuted.stdout)["theorems"] for each in theorem["failures"]
    ]
    assert any("from fees import" in (each["snippet"] or "") for each in failures), failures

    (folder / "fees.py").write_text(mended)
    proved = prove(site, folder, "--rules", "fees")
    assert proved.returncode == 0, proved.stdout + proved.stderr
