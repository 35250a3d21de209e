"""What Optuna is asked: TPE finds what random search finds later, pruning compares equal epochs, importance sums up."""

from __future__ import annotations

import random
import statistics
from dataclasses import replace

import numpy as np
import pytest

from engine.record.ends import SAYS, WITHOUT_A_WORD
from engine.record.history import History
from engine.record.run_directory import Status
from engine.record.series import Points
from engine.sweep import plan, policy, pruning, search
from engine.sweep.axes import Axis, Range
from engine.sweep.outlook import edges, groups, outcomes, pivot, remarks
from engine.sweep.record import SweepRecord
from engine.sweep.trials import Trial

LR = Axis(("lr",), (), Range(1e-5, 1.0, log=True), log=True)
WIDTH = Axis(("width",), (), Range(1, 64, whole=True))
LOSS = Axis(("loss",), (("a",), ("b",), ("c",)))


def sweep(by="tpe", trials=40, axes=(LR, WIDTH, LOSS), **values):
    known = {"metric": "test/accuracy", "better": "higher"} | values
    return SweepRecord("1127-0800-count-abc", "count", {}, axes, by=by, trials=trials, **known)


def trial(number, setting, value, state="finished", seed=0, attempts=1):
    status = Status("finished" if state == "failed" else state, attempt=attempts)
    return Trial(number, setting, seed, f"run-{number}", state, "", value, status)


def accuracy(setting):
    """Return a value that a learning rate of 1e-2 and the loss b make best; the width hardly matters."""
    return 1 - (np.log10(setting["lr"]) + 2) ** 2 / 9 - 0.3 * (setting["loss"] != "b") + setting.get("width", 0) * 1e-5


def searched(record):
    """Return the trials of a search, one after the other."""
    found = []
    sampler = search.sampler(record)
    while True:
        cell = next(plan.missing(record, [], found, sampler), None)
        if cell is None:
            return found
        found.append(trial(len(found) + 1, cell.setting, accuracy(cell.setting), seed=cell.seed))


def test_tpe_finds_better_values_than_random_search():
    best = {by: [] for by in ("tpe", "random")}
    for number in range(5):
        for by, found in best.items():
            record = sweep(by)
            object.__setattr__(record, "id", f"sweep-{number}")
            found.append(max(trial.value for trial in searched(record)))
    assert statistics.mean(best["tpe"]) > statistics.mean(best["random"])


def test_a_search_asks_the_same_when_it_is_asked_again():
    record = sweep(trials=16)
    whole = searched(record)
    for known in (0, 5, 12, 15):
        again = next(plan.missing(record, [], whole[:known], search.sampler(record)))
        assert again.setting == whole[known].setting


def test_choices_that_are_added_are_asked_for():
    record = sweep(trials=12, axes=(LR, LOSS))
    found = searched(record)
    wider = Axis(("loss",), (*LOSS.values, ("d",)))
    more = sweep(trials=40, axes=(LR, wider))
    sampler = search.sampler(more)
    while (cell := next(plan.missing(more, [], found, sampler), None)) is not None:
        found.append(trial(len(found) + 1, cell.setting, 2.0 if cell.setting["loss"] == "d" else 0.0))
    assert sum(one.setting["loss"] == "d" for one in found) > 5


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_a_run_is_pruned_by_what_others_had_at_the_same_epoch(better):
    record = sweep(prune="median", better=better, metric="validation/accuracy")
    sign = 1 if better == "higher" else -1
    # All rise: a run that is compared at a later epoch than its own would always look bad.
    others = [{epoch: sign * (epoch + 0.1 * one) for epoch in range(1, 11)} for one in range(6)]
    assert search.doomed(record, {1: sign * 1.0, 2: sign * 2.0}, others, "epoch {}").startswith("validation/accuracy")
    assert not search.doomed(record, {1: sign * 1.4, 2: sign * 2.4}, others, "epoch {}")
    assert not search.doomed(record, {1: sign * 1.0, 2: sign * 2.0}, others[:4], "epoch {}"), "too few to say so"
    assert not search.doomed(record, {11: sign * 0.0}, others, "epoch {}"), "nobody has been there"


def test_curves_are_read_at_whole_epochs_or_else_at_per_cent_of_the_steps():
    history = History()
    steps = np.arange(1.0, 13.0)
    history.take([Points(("train/loss",), steps, steps / 4, steps, (100 - steps)[:, None])])
    assert pruning.curve(history, "train/loss", by_epoch=True) == {1: 96.0, 2: 92.0, 3: 88.0}
    history.total = 24
    by_step = pruning.curve(history, "train/loss", by_epoch=False)
    assert by_step[50] == 88.0
    assert len(by_step) == 12


def test_importance_is_shared_among_the_axes_that_matter():
    record = sweep(by="random", trials=60)
    found = searched(record)
    weights = search.importance(record, found)
    assert weights.keys() == {"lr", "width", "loss"}
    assert weights["width"] < min(weights["lr"], weights["loss"])
    assert sum(weights.values()) == pytest.approx(1)
    assert not search.importance(record, found[:10]), "too few trials"
    assert any("PED-ANOVA" in line for line in remarks(record, found))


def test_the_best_on_the_edge_of_an_axis_is_told():
    record = sweep("grid", 0, (Axis(("lr",), ((0.1,), (0.2,), (0.3,))), LOSS))
    found = [
        trial(number, {"lr": lr, "loss": loss}, lr if loss == "a" else lr / 2)
        for number, (lr, loss) in enumerate([(lr, loss) for lr in (0.1, 0.2, 0.3) for loss in "ab"], start=1)
    ]
    (best,) = [one for one in outcomes(record, found) if one.best]
    assert best.setting == {"lr": 0.3, "loss": "a"}
    assert edges(record, found, best) == ["lr"]
    assert "The best lies on the edge of lr (0.3): widen it." in remarks(record, found)
    inner = [*found, trial(7, {"lr": 0.4, "loss": "a"}, 0.0)]
    assert not edges(record, inner, best)
    ranged = sweep("random", 9, (LR,))
    ends = [trial(n, {"lr": lr}, -lr) for n, lr in enumerate((2e-5, 1e-3, 0.5), start=1)]
    assert edges(ranged, ends, outcomes(ranged, ends)[0]) == ["lr"]


def test_tables_hold_means_over_seeds_and_what_is_missing():
    record = sweep("grid", 0, (Axis(("lr",), ((0.1,), (0.2,))), LOSS), seeds=(0, 1, 2))
    found = [trial(n, {"lr": 0.1, "loss": "a"}, value, seed=n) for n, value in enumerate((0.5, 0.6, 0.7))]
    found += [
        trial(9, {"lr": 0.2, "loss": "a"}, None, "running"),
        trial(10, {"lr": 0.2, "loss": "b"}, float("nan"), "failed"),
    ]
    sheet = groups(record, found, 18)
    assert sheet.columns == ("lr", "loss", "test/accuracy", "runs")
    assert sheet.rows[0] == ("0.1", "a", "0.60 ± 0.25 (3)", "0 1 2")
    assert sheet.rows[1][-1] == "1 running"
    assert sheet.remarks[0] == "3 finished, 1 running, 1 failed; 13 to come."
    cells = pivot(record, found, "lr", "loss")
    assert cells.columns == ("lr \\ loss", "a", "b")
    assert cells.rows == (("0.1", "0.60 ± 0.25 (3)", ""), ("0.2", "", ""))


def test_the_interval_of_an_estimate_holds_the_sum_of_new_runs():
    generator = random.Random(1)
    hits = 0
    for _ in range(1_500):
        earlier = [generator.gauss(60, 12) for _ in range(5)]
        new = sum(generator.gauss(60, 12) for _ in range(20))
        found = plan.estimate([(earlier, 20)])
        hits += found.low <= new <= found.high
    assert hits / 1_500 == pytest.approx(0.95, abs=0.02)
    assert plan.estimate([([1.0, 2.0], 9)]) is None


def test_an_estimate_adds_kinds_of_runs_and_says_nothing_where_one_is_unknown():
    long, short = ([60.0, 62.0, 64.0], 2), ([1.0, 2.0, 3.0, 2.0], 5)
    found = plan.estimate([long, short, ([], 0)])
    assert (found.value, found.n) == (pytest.approx(2 * 62 + 5 * 2), 7)
    assert plan.estimate([long]).high - 124 < found.high - found.value
    assert plan.estimate([long, short, ([9.0], 1)]) is None
    assert plan.estimate([]) is None


@pytest.mark.parametrize("parallel", [1, 2, 5])
def test_no_more_runs_than_asked_for_wait_or_run(parallel):
    generator = random.Random(parallel)
    states = ("reserved", "queued", "running", "finished", "failed", "crashed", "stopped", "pruned", "removed")
    for _ in range(300):
        found = [
            trial(n, {"lr": n}, None, generator.choice(states), attempts=generator.randrange(1, 8)) for n in range(9)
        ]
        decision = policy.decide(sweep("grid", 0, parallel=parallel), found, {"run-3"}, 0.0)
        active = sum(one.state in {"queued", "running"} for one in found)
        begun = len(decision.launch) + len(decision.resume) + decision.new
        assert active + begun <= max(parallel, active)
        assert begun == max(0, parallel - active)
        assert not {one.run for one in decision.launch} & {one.run for one in decision.resume}
    for reason, limit in (
        (WITHOUT_A_WORD, policy.KILLS),
        (f"{WITHOUT_A_WORD}; {SAYS}: Fatal Python error", policy.CRASHES),
    ):
        for attempts, goes_on in ((limit, True), (limit + 1, False)):
            crashed = replace(trial(1, {"lr": 1}, None, "crashed", attempts=attempts), reason=reason)
            assert bool(policy.decide(sweep("grid", 0), [crashed], (), 0.0).resume) == goes_on
    spent = policy.decide(sweep("grid", 0, budget=60.0), [], (), 61.0)
    assert spent == policy.Decision(halt="its budget of 1:00 is spent")
