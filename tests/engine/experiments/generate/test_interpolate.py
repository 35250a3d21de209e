"""The experiment `interpolate`: which generator is meant, and what lies on its paths."""

from __future__ import annotations

import asyncio
import math

import numpy as np
import pytest
import torch
from PIL import Image

from engine import DataUnavailable, Engine, InvalidHyperparameters, catalogue
from engine.control.resolving import resolved
from engine.experiments.generate.interpolate import evenness, linear, spherical
from engine.record.workspace import Workspace

TINY = {"steps": 2, "batch": 16, "nz": 8, "quality": 0}
SHARES = torch.linspace(0, 1, 5).view(1, 5, 1)


def test_paths_begin_and_end_where_they_should_and_arcs_keep_their_length():
    first, second = torch.randn(3, 1, 20), torch.randn(3, 1, 20)
    for path in (linear, spherical):
        points = path(first, second, SHARES)
        assert torch.allclose(points[:, 0], first[:, 0], atol=1e-5)
        assert torch.allclose(points[:, -1], second[:, 0], atol=1e-5)
    unit = first / first.norm(dim=2, keepdim=True), second / second.norm(dim=2, keepdim=True)
    assert torch.allclose(spherical(*unit, SHARES).norm(dim=2), torch.ones(3, 5), atol=1e-4)
    assert linear(*unit, SHARES).norm(dim=2)[:, 2].max() < 1


def test_a_quarter_of_a_circle_is_walked_in_even_angles():
    points = spherical(torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[0.0, 1.0]]]), SHARES)[0]
    angles = torch.atan2(points[:, 1], points[:, 0])
    assert torch.allclose(angles, torch.linspace(0, math.pi / 2, 5), atol=1e-5)


@pytest.mark.parametrize("second", [[2.0, 0.0], [-1.0, 0.0]])
def test_where_there_is_no_arc_it_is_the_chord(second):
    ends = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[second]])
    assert torch.equal(spherical(*ends, SHARES), linear(*ends, SHARES))


def test_evenness_is_one_for_a_straight_walk_and_nought_where_it_stands():
    walk = SHARES * torch.ones(1, 1, 4)
    assert evenness(walk) == pytest.approx(1)
    assert evenness(torch.cat((walk, walk[:, -1:]), 1)) == 0


@pytest.mark.parametrize(
    ("name", "widths", "pictures"),
    [
        ("dcgan", {"ngf": 4, "ndf": 4}, {"linear", "spherical"}),
        ("cdcgan", {"ngf": 4, "ndf": 4}, {"linear", "spherical", "class-by-noise", "between-classes"}),
        ("cgan", {"hidden": 8}, {"linear", "spherical", "class-by-noise", "between-classes"}),
    ],
)
def test_every_kind_of_generator_is_taken_up_again_as_it_was_left(play, name, widths, pictures):
    trained = play(name, TINY | widths)
    drawn = play("interpolate", {"model": f"run:{trained.run.id}", "points": 4, "paths": 3})
    assert drawn.pictures() == pictures
    with Image.open(drawn.run.path / "images/linear/000000001.png") as picture:
        assert picture.size == (4 * 34 + 2, 3 * 34 + 2)
        rows = np.asarray(picture)
    with Image.open(drawn.run.path / "images/spherical/000000001.png") as picture:
        # The ends are the same on the chord and on the arc.
        assert np.abs(np.asarray(picture)[:, 2:34].astype(int) - rows[:, 2:34]).max() <= 1


def test_last_means_the_newest_generator_and_others_are_refused(home, play):
    chosen = catalogue.experiment("interpolate").hyperparameters()
    workspace = Workspace(home)
    assert resolved(workspace, chosen) == (chosen.model_copy(update={"model": "embedded"}), ())
    trained, other = play("dcgan", TINY | {"ngf": 4, "ndf": 4}), play("cnn", {"epochs": 1})
    full, parents = resolved(workspace, chosen)
    assert full.model == f"run:{trained.run.id}"
    assert parents == (trained.run.id,)
    named = resolved(workspace, chosen.model_copy(update={"model": trained.run.id}))[0]
    assert named.model == full.model
    with pytest.raises(DataUnavailable, match="is one of cnn: take one of dcgan"):
        resolved(workspace, chosen.model_copy(update={"model": f"run:{other.run.id}"}))
    with pytest.raises(InvalidHyperparameters, match="an earlier run of dcgan"):
        asyncio.run(Engine(home).launch("interpolate", {"model": "run:"}))


def test_without_a_generator_the_embedded_one_is_trained_first(play, monkeypatch):
    monkeypatch.setattr("engine.experiments.generate.interpolate.EMBEDDED_STEPS", 3)
    drawn = play("interpolate", {"model": "embedded", "points": 3, "paths": 2})
    assert {"samples", "linear", "class-by-noise"} <= drawn.pictures()
    assert drawn.results.keys() >= {"generator/loss", catalogue.experiment("interpolate").headline.result}


@pytest.mark.parametrize("nz", [1, 2, 3])
def test_no_point_of_an_arc_is_longer_than_both_ends(nz):
    torch.manual_seed(0)
    first, second = torch.randn(2_000, 1, nz), torch.randn(2_000, 1, nz)
    longest = torch.maximum(first.norm(dim=2), second.norm(dim=2))
    assert (spherical(first, second, SHARES).norm(dim=2) <= longest * 1.001).all()
    assert torch.allclose(spherical(first, -first, SHARES), linear(first, -first, SHARES), atol=1e-5)


@pytest.mark.slow
def test_pseudo_labels_go_on_from_a_run_of_dann(home, play):
    both = {"source": "digits:0-1", "target": "digits-m:0-1", "batch": 64, "epochs": 1, "map_images": 0}
    trained = play("dann", both | {"batch_norm": True, "dropout": 0.0})
    chosen = catalogue.experiment("pseudo-label").validate(both | {"start": "last", "rounds": 1, "round_epochs": 1})
    full, parents = resolved(Workspace(home), chosen)
    assert parents == (trained.run.id,)
    # The network is built as it was, and the record says so: other runs can build it again.
    assert (full.batch_norm, full.dropout) == (True, 0.0)
    played = play("pseudo-label", full.model_dump())
    before = trained.results["target-test/accuracy"]
    assert len(played.table("rounds")) == 1
    assert played.context.total < 60, "the source is not learnt anew"
    assert played.results["target-test/accuracy"] > before - 0.15
    again = resolved(Workspace(home), chosen.model_copy(update={"start": f"run:{played.run.id}"}))[0]
    assert play("pseudo-label", again.model_dump()).results.keys() == played.results.keys()
    assert play("predict", {"model": f"run:{played.run.id}", "images": "digits:test/0-3"}).results
    untouched = catalogue.experiment("pseudo-label").hyperparameters()
    assert resolved(Workspace(home), untouched) == (untouched, ())


@pytest.mark.slow
def test_runs_that_have_seen_the_targets_labels_or_other_classes_are_refused(home, play):
    both = {"source": "digits:0-1", "target": "digits-m:0-1", "batch": 512, "epochs": 1, "map_images": 0}
    play("dann", both)
    with pytest.raises(InvalidHyperparameters, match="tells 2 classes apart, 0 …, not these 10, 0 …"):
        resolved(Workspace(home), catalogue.experiment("pseudo-label").validate({"start": "last"}))
    others = {"start": "last", "source": "digits:2-3", "target": "digits-m:2-3"}
    with pytest.raises(InvalidHyperparameters, match="tells 2 classes apart, 0 …, not these 2, 2 …"):
        resolved(Workspace(home), catalogue.experiment("pseudo-label").validate(others))
    seen = play("dann", both | {"mode": "target-only"})
    with pytest.raises(InvalidHyperparameters, match="has learnt from the target's labels"):
        resolved(Workspace(home), catalogue.experiment("pseudo-label").validate(both | {"start": seen.run.id}))
