"""The plots: every number of a history is in its drawing, and what is no number is marked as that."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("matplotlib")

from diagnose.api import check_text
from diagnose.serve.plots import Line, Panel, draw, figure_of, panels

NUMBERS = st.lists(
    st.floats(allow_subnormal=True) | st.sampled_from([math.nan, math.inf, 1e308]), min_size=3, max_size=40
)
TABLE = """\
| Step | Training Loss | Validation Loss | Accuracy |
|---|---|---|---|
| 100 | 0.90 | 0.80 | 0.55 |
| 200 | 0.60 | nan  | 0.71 |
| 300 | 0.40 | 0.95 | 0.68 |
| 400 | 0.30 | 1.10 | 0.66 |
"""


def artists(figure, gid):
    return [artist for artist in figure.axes[0].get_lines() if artist.get_gid() == gid]


def line_of(numbers):
    ys = tuple(y if math.isfinite(y) and abs(y) <= 1e100 else math.nan for y in numbers)
    xs = tuple(map(float, range(len(ys))))
    return Line("loss", "", xs, ys, tuple(x for x, y in zip(xs, ys, strict=True) if math.isnan(y)), None)


@settings(max_examples=15, deadline=None)
@given(NUMBERS)
def test_each_place_without_a_number_has_a_mark_and_each_number_a_point(numbers):
    line = line_of(numbers)
    figure = figure_of(Panel("loss", "step", (line,), ()))
    marked = [x for artist in artists(figure, "no-number") for x in artist.get_xdata()]
    assert marked == list(line.missing)
    (drawn,) = artists(figure, "line")
    assert [math.isfinite(y) for y in drawn.get_ydata()] == [math.isfinite(y) and abs(y) <= 1e100 for y in numbers]


@settings(max_examples=6, deadline=None)
@given(NUMBERS)
def test_every_history_can_be_drawn(numbers):
    svg = draw(Panel("loss", "step", (line_of(numbers),), (1.0,)))
    assert svg.startswith("<svg")
    assert svg.rstrip().endswith("</svg>")


def test_losses_and_metrics_have_axes_of_their_own_with_the_best_row_where_it_is_the_best():
    losses, metrics = panels(check_text(TABLE))
    assert (losses.title, losses.unit, [line.name for line in losses.lines]) == (
        "loss", "step", ["training loss", "eval loss"],
    )  # fmt: skip
    assert losses.lines[1].missing == (200.0,)
    assert [line.best for line in losses.lines] == [None, None]
    assert metrics.lines[0].best == (200.0, 0.71)


def test_the_reported_row_is_marked():
    headline = "# Model\n\n- Loss: 0.95\n- Accuracy: 0.68\n\n"
    found = panels(check_text(headline + TABLE.replace("nan ", "0.70")))
    assert {panel.reported for panel in found} == {(300.0,)}
    assert len(artists(figure_of(found[0]), "reported")) == 1


def test_a_long_history_keeps_its_extremes_and_its_gaps():
    numbers = [1.0] * 5000
    numbers[1234], numbers[4321], numbers[2500] = 9.0, -3.0, math.nan
    text = "\n".join(f'{{"step": {i + 1}, "loss": {"NaN" if math.isnan(n) else n}}}' for i, n in enumerate(numbers))
    (panel,) = panels(check_text(text))
    (line,) = panel.lines
    assert len(line.xs) <= 700
    finite = [y for y in line.ys if math.isfinite(y)]
    assert (max(finite), min(finite)) == (9.0, -3.0)
    assert line.missing == (2501.0,)
    assert math.isnan(dict(zip(line.xs, line.ys, strict=True))[2501.0])


def test_a_drawing_holds_no_name_of_a_stranger_and_nothing_for_the_whole_page():
    text = TABLE.replace("Accuracy", "accuracy")
    svg = draw(panels(check_text(text, name="<b>$evil$</b>"))[0])
    assert "evil" not in svg
    assert "<style" not in svg
    assert "<metadata" not in svg
    assert 'width="' not in svg.partition(">")[0]


def test_numbers_over_many_decades_get_a_logarithmic_axis():
    steep = Line("loss", "", (1.0, 2.0, 3.0), (1000.0, 3.0, 0.1), (), None)
    assert figure_of(Panel("loss", "step", (steep,), ())).axes[0].get_yscale() == "log"
    flat = steep._replace(ys=(3.0, 2.0, 1.0))
    assert figure_of(Panel("loss", "step", (flat,), ())).axes[0].get_yscale() == "linear"
