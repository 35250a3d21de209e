"""The catalogue, and the experiments that other packages bring."""

from __future__ import annotations

import os

import pytest

from engine import UnknownExperiment, catalogue

HALF = """
from engine import Experiment, Hyperparameters
from engine.declaration import hyperparameter
class Own(Hyperparameters):
    {name}: int = hyperparameter(1, "one")
EXPERIMENTS = [Experiment("own", "Own", "mine", "Does.", Own, "own_programs:run")]
def run(hyperparameters, context):
    context.result({{"own/value": 2.0}})
"""


@pytest.fixture
def package(home, tmp_path, monkeypatch):
    """Install a package with an entry point, and return how to write its module."""

    def install(source, target="own_programs:EXPERIMENTS"):
        folder = tmp_path / "installed"
        information = folder / "own_programs-1.0.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text("Metadata-Version: 2.1\nName: own-programs\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(f"[phosphene.experiments]\nown = {target}\n")
        (folder / "own_programs.py").write_text(source)
        monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ['PYTHONPATH']}")

    return install


def test_experiments_of_other_packages_are_found(home):
    assert {"cnn", "count", "trouble", "walk"} <= catalogue.experiments().keys()
    assert catalogue.experiment("count").family == "tests"
    with pytest.raises(UnknownExperiment, match="did you mean count"):
        catalogue.experiment("coutn")


def test_a_package_in_an_environment_of_its_own_runs_like_the_built_in_ones(package, phosphene):
    package(HALF.format(name="one"))
    assert "own" in phosphene("experiments").stdout
    done = phosphene("run", "own", "--one", "3")
    assert (done.returncode, done.stdout) == (0, "own/value  2\n")
    assert phosphene("run", "own", "--one", "x").returncode == 2


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise RuntimeError('no such driver')", "no such driver"),
        ("import a_package_that_is_not_there", "a_package_that_is_not_there"),
        ("this is no python", "invalid syntax"),
        ("EXPERIMENTS = [1]", "expected an Experiment, found int"),
        ("EXPERIMENTS = 1", "not iterable"),
        ("", "EXPERIMENTS"),
        ("class Other(BaseException): pass\nraise Other('not even an error')", "not even an error"),
        (HALF.format(name="one").replace('"mine"', "5"), "own: family must be text, not 5"),
        ("import sys; sys.exit('no licence')", "it ends the program that reads it"),
        (HALF.format(name="one").replace('"own", "Own"', '"a b/c", "Own"'), "'a b/c' cannot name an experiment"),
        (HALF.format(name="one").replace('"own", "Own"', '"my_own", "Own"'), "'my_own' cannot name an experiment"),
        (HALF.format(name="one").replace('"own", "Own"', '"show", "Own"'), "'show' cannot name an experiment"),
        (HALF.format(name="seed"), "own has a hyperparameter seed, which every run has already"),
    ],
)
def test_a_broken_package_is_left_out_with_a_warning(package, phosphene, source, words):
    package(source)
    done = phosphene("experiments")
    assert done.returncode == 0
    assert "count" in done.stdout
    assert "own" not in [line.split()[0] for line in done.stdout.splitlines()]
    (told,) = done.stderr.splitlines()
    assert told.startswith("phosphene: the experiments of own_programs:EXPERIMENTS are left out: ")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_names_a_broken_package(package, phosphene):
    package("import a_package_that_is_not_there")
    assert "own_programs:EXPERIMENTS are left out: No module named" in phosphene("doctor").stdout


def test_a_package_cannot_replace_a_built_in_experiment(package, phosphene):
    package(HALF.format(name="one").replace('"own", "Own"', '"cnn", "Own"'))
    shown = phosphene("run", "cnn", "--help")
    assert "--epochs" in shown.stdout
    assert "cnn of own_programs:EXPERIMENTS is left out: another experiment has that name" in shown.stderr
