"""The scale report: its counts are the formula's, its plots are plots, and it is repeatable."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from web4lab.simulation import scale_report, scale_table, write_scale_report
from web4lab.simulation.plots import Chart, Series, svg
from web4lab.simulation.report import SCALE_FILES
from web4lab.simulation.scale import Scale

SIZES = (4, 7, 10)
FORMULA = {4: 27, 7: 90, 10: 189}


@pytest.fixture(scope="module")
def scales() -> tuple[Scale, ...]:
    return scale_report(SIZES, measure_cpu=False)


@pytest.mark.clause("C-QUORUM-2")
@pytest.mark.slow
def test_a_block_costs_what_the_formula_says(scales: tuple[Scale, ...]) -> None:
    assert {each.n: each.honest.messages for each in scales} == FORMULA
    assert {each.n: each.formula for each in scales} == FORMULA


@pytest.mark.slow
def test_a_certificate_grows_by_the_same_for_each_signature(scales: tuple[Scale, ...]) -> None:
    sizes = [each.certificate_bytes[1] for each in scales]
    signatures = [each.quorum for each in scales]
    assert (sizes[1] - sizes[0]) * (signatures[2] - signatures[1]) == (sizes[2] - sizes[1]) * (
        signatures[1] - signatures[0]
    )


@pytest.mark.slow
def test_longer_links_make_fewer_blocks(scales: tuple[Scale, ...]) -> None:
    for each in scales:
        speeds = list(each.blocks_per_s.values())
        assert speeds == sorted(speeds, reverse=True)
        assert 0 < speeds[-1] < speeds[0] / 10


@pytest.mark.slow
def test_byzantine_platforms_do_not_stop_the_federation(scales: tuple[Scale, ...]) -> None:
    for each in scales:
        assert len(each.strategies) == each.f
        assert 0 < each.byzantine_block_ms < 60_000


@pytest.mark.clause("C-PACE-3", "C-SYNC-3")
@pytest.mark.slow
def test_recovery_takes_about_as_long_as_its_time_outs(scales: tuple[Scale, ...]) -> None:
    for each in scales:
        assert 2_000 < each.recovery.proposer_ms < 3_000
        assert 0 < each.recovery.partition_ms < 2_000
        assert 0 < each.recovery.restart_ms < 1_000


@pytest.mark.slow
def test_the_report_is_a_table_json_and_plots_the_same_each_time(
    scales: tuple[Scale, ...], tmp_path: Path
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    names = [path.name for path in write_scale_report(one, scales)]
    again = scale_report(SIZES, jobs=2, measure_cpu=False)
    write_scale_report(other, again)
    assert {"scale.md", "scale.json", "messages.svg", "recovery.svg"} <= set(names)
    assert SCALE_FILES - set(names) == {"cpu.svg"}, "whatever is written may be written over"
    assert set(names) <= SCALE_FILES
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in names)
    assert [each["n"] for each in json.loads((one / "scale.json").read_text())["sizes"]] == [
        4,
        7,
        10,
    ]
    for name in names:
        if name.endswith(".svg"):
            ElementTree.parse(one / name)


def test_processor_time_is_measured_when_asked() -> None:
    (scale,) = scale_report((4,))
    assert scale.cpu_ms is not None
    assert scale.cpu_ms > 0
    assert "processor time" in scale_table((scale,))


def test_a_chart_shows_every_name_and_every_point() -> None:
    series = (
        Series("a < b", ((1, 10), (2, 100))),
        Series("formula", ((1, 12), (2, 101)), calculated=True),
    )
    drawn = svg(Chart("Title & more", "below", "ms", series, logarithmic=True))
    root = ElementTree.fromstring(drawn)
    texts = [element.text for element in root.iter() if element.tag.endswith("}text")]
    assert {"Title & more", "below", "ms", "a < b", "formula", "1", "2"} <= set(texts)
    assert sum(element.tag.endswith("}circle") for element in root.iter()) == 2
