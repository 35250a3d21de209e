"""Prediction and anatomy: what a network takes images for, and where its parameters are."""

from __future__ import annotations

import pytest
from PIL import Image

from engine import DataUnavailable


def test_vgg16_has_the_parameters_of_its_paper_and_most_of_them_fully_connected(play):
    played = play("anatomy")
    assert played.results["parameters/total"] == 138_357_544
    assert played.results["parameters/fully_connected"] == 123_642_856
    assert played.results["parameters/fully_connected_share"] == pytest.approx(0.8936, abs=1e-4)
    # 15.47 G multiply-adds: torchvision's metadata says 15.47 GFLOPS.
    assert played.results["multiply_adds/total"] == pytest.approx(15.47e9, rel=1e-3)
    rows = played.table("layers")
    assert sum(int(row["parameters"]) for row in rows) == 138_357_544
    assert next(row for row in rows if row["known as"] == "fc6")["parameters"] == "102764544"
    bars = played.plot("parameters")
    assert len(bars.names) == 16
    assert dict(zip(bars.names, bars.values, strict=True))["fc6 (Linear)"] == 102_764_544
    assert sum(bars.values) == 138_357_544


@pytest.mark.parametrize(("model", "parameters"), [("cnn", 7_465), ("cnn:digits:0-4", 7_335)])
def test_no_parameter_is_counted_twice_or_forgotten(play, model, parameters):
    played = play("anatomy", {"model": model})
    assert played.results["parameters/total"] == parameters
    assert sum(int(row["parameters"]) for row in played.table("layers")) == parameters


def test_auxiliary_heads_stand_apart_and_rows_add_up_to_the_totals(play):
    played = play("anatomy", {"model": "googlenet"})
    for table, part in (("layers", "total"), ("auxiliary", "auxiliary")):
        for column, quantity in (("parameters", "parameters"), ("multiply-adds", "multiply_adds")):
            assert sum(int(row[column]) for row in played.table(table)) == played.results[f"{quantity}/{part}"]
    assert played.results["multiply_adds/total"] == pytest.approx(1.498e9, abs=0.0005e9)
    assert played.results["parameters/total"] == 6_624_904
    assert played.results["parameters/auxiliary"] == 13_004_888 - 6_624_904
    last = played.table("auxiliary")[-1]
    assert list(last.values()) == ["aux2.fc2", "", "Linear", "1000", "1025000", "0.1607", "1024000"]
    assert any(text.startswith("aux1, aux2: for training alone") for text in played.messages)


def test_the_practicals_images_are_named_by_squeezenet(play, squeezenet):
    archive = squeezenet.partition(":")[2].replace(
        "weights/squeezenet1_1-deepscale-fp16.pth", "imagenet-samples/imagenet_val_25.npz"
    )
    played = play("predict", {"images": archive, "model": squeezenet})
    # Measured with plain torch: 13 and 20 of 25.
    assert played.results["top1/accuracy"] == pytest.approx(13 / 25)
    assert played.results["top5/accuracy"] == pytest.approx(20 / 25)
    rows = played.table("predictions")
    assert len(rows) == 125
    assert (rows[0]["true class"], rows[0]["class"]) == ("hay", "hay")
    plot = played.plot("predictions")
    assert len(plot.pictures) == 25
    name, true, *guesses = plot.captions[0]
    assert name == rows[0]["image"]
    assert true == "true: hay"
    assert guesses == [f"{float(row['probability']):.2f} {row['class']}" for row in rows[:5]]
    with Image.open(plot.pictures[0]) as picture:
        assert max(picture.size) == 224


def test_broken_images_are_named_and_the_others_predicted(play, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    Image.new("RGBA", (30, 20), (255, 0, 0, 9)).save(folder / "a [x].png")
    (folder / "b.png").write_bytes(b"no image")
    played = play("predict", {"images": str(folder), "top_k": 3})
    assert played.results["images/number"] == 1
    assert played.results["top1/probability"] == pytest.approx(
        float(played.table("predictions")[0]["probability"]), abs=5e-5
    )
    assert any("b.png" in text for text in played.messages)
    (folder / "a [x].png").unlink()
    with pytest.raises(DataUnavailable, match="none of the images"):
        play("predict", {"images": str(folder)})
