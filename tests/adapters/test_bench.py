"""The bench measures something, and its command knows every part. No figure is judged here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from web4cli.bench import NAMES
from web4cli.bench import bench as command
from web4lab.bench import main
from web4lab.bench.accounts import apply_block, growth, measure_size
from web4lab.bench.baselines import hop_times, signature_times, sync_times
from web4lab.bench.empty_block import empty_block, signatures_needed, verifications_needed
from web4lab.bench.live import latency, memory
from web4lab.bench.main import PARTS, run_bench
from web4lab.bench.measurement import Aim, BenchError, Measurement, Spread
from web4lab.bench.profiler import group_of, shares


def gives_positive_ratios(measured: Measurement) -> bool:
    ratio = measured.ratio
    return 0 < ratio.low <= ratio.median <= ratio.high


def test_the_command_names_every_part() -> None:
    assert tuple(PARTS) == NAMES


def test_a_spread_has_the_smallest_the_middle_and_the_largest() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(1.0, 2.0, 3.0)


@pytest.mark.parametrize(("aim", "met"), [(Aim(0.5), False), (Aim(0.5, at_least=True), True)])
def test_an_aim_is_a_bound_from_one_side(aim: Aim, met: bool) -> None:
    assert aim.met_by(0.6) is met


def test_four_platforms_need_nineteen_verifications_and_nine_signatures() -> None:
    assert (verifications_needed(4), signatures_needed(4)) == (19, 9)


def test_signatures_syncs_and_hops_take_time(tmp_path: Path) -> None:
    signatures = signature_times()
    times = [signatures.sign_s, signatures.verify_s]
    times += sync_times(tmp_path, 2, pause_s=0)
    times += hop_times(2, pause_s=0)
    assert all(seconds > 0 for seconds in times)


def test_an_empty_block_is_measured() -> None:
    assert gives_positive_ratios(empty_block(repeats=2, blocks=2))


def test_the_application_of_a_block_is_measured() -> None:
    assert gives_positive_ratios(apply_block(repeats=2, items=20))


def test_growth_and_weight_are_measured() -> None:
    assert all(map(gives_positive_ratios, growth(largest=1_000)))


def test_a_ledger_is_measured_at_any_size() -> None:
    assert len(measure_size(50, applies=2).apply_s) == 2


@pytest.mark.e2e
@pytest.mark.slow
def test_the_latency_of_a_federation_is_measured() -> None:
    assert gives_positive_ratios(latency(repeats=1))


@pytest.mark.e2e
@pytest.mark.slow
def test_the_memory_of_a_federation_is_measured() -> None:
    assert gives_positive_ratios(memory(blocks=6))


@pytest.mark.e2e
@pytest.mark.slow
def test_a_profile_says_where_the_time_of_a_federation_goes(tmp_path: Path) -> None:
    latency(repeats=1, profiles=tmp_path)
    told = shares(tmp_path)
    assert told["shares"]["storage"] > 0
    assert sum(told["shares"].values()) == pytest.approx(1, abs=0.01)


def test_no_profile_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no platform wrote its profile"):
        shares(tmp_path)


def test_what_cannot_be_measured_is_told_to_machines_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(**_: object) -> int:
        raise BenchError("the disk is full")

    monkeypatch.setattr(main, "run_bench", failing)
    done = CliRunner().invoke(command, ["--json"])
    told = {"verdict": "error", "error": "the disk is full", "exit_code": 1}
    assert json.loads(done.stdout) == told


@pytest.mark.parametrize(
    ("function", "group"),
    [
        (("/any/web4core/codec.py", 1, "encode"), "codec"),
        (("/any/web4core/ledger/rules.py", 1, "transfer"), "core: ledger"),
        (("/any/web4adapters/storage/store.py", 1, "commit"), "storage"),
        (("~", 0, "<built-in method posix.fdatasync>"), "storage"),
        (("~", 0, "<built-in method builtins.len>"), None),
    ],
)
def test_a_function_is_grouped_by_where_it_stands(
    function: tuple[str, int, str], group: str | None
) -> None:
    assert group_of(function) == group


def test_a_part_is_told_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_bench(quick=True, json_output=True, only=("empty",)) == 0
    (measured,) = json.loads(capsys.readouterr().out)["measurements"]
    assert measured["name"] == "empty block"
    assert set(measured["ratio"]) == {"min", "median", "max"}


@pytest.mark.slow
def test_a_part_is_told_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_bench(quick=True, json_output=False, only=("empty",)) == 0
    assert "verified per block: 19" in capsys.readouterr().out
