"""The tables of a comparison as text."""

from __future__ import annotations

import pytest

from tui.widgets.comparison.tables import _starred


@pytest.mark.parametrize(
    ("line", "best"),
    [
        ("test/accuracy    0.9034 (1)   0.983 (1) *", ["0.983 (1) *"]),
        ("test/accuracy    0.983 (1) *  0.9034 (1)", ["0.983 (1) *"]),
        (
            "test/accuracy    0.810 ± 0.025 (3) *  0.61 [0.60, 0.62] (2)  0.810 (1) *",
            ["0.810 ± 0.025 (3) *", "0.810 (1) *"],
        ),
        ("5 * 3            0.9034 (1)", []),
    ],
)
def test_of_each_row_the_best_values_alone_stand_out(line, best):
    shown = _starred(line)
    assert shown.plain == line
    assert [line[span.start : span.end] for span in shown.spans] == best
