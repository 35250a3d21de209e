"""What Slurm is asked for: the site's defaults, then the user's words, and nothing that would lose a job."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidHyperparameters, WorkspaceError
from engine.slurm.asking import Wanted, longest, options, seconds_of
from engine.slurm.job import Job, read_job, write_job


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2h", 7200), ("90m", 5400), ("1h30m", 5400), ("1:30:00", 5400), ("30:00", 1800), ("2-01:00:00", 176_400)],
)
def test_a_time_is_read_as_people_and_slurm_write_it(text, seconds):
    assert seconds_of(text) == seconds


@given(st.integers(60, 30 * 86_400))
def test_what_is_written_for_slurm_is_read_back_in_whole_minutes_and_never_less(tmp_path_factory, seconds):
    home = tmp_path_factory.getbasetemp()
    (word,) = [word for word in options(Wanted("slurm", time=f"{seconds}s"), home) if word.startswith("--time=")]
    assert 0 <= seconds_of(word.removeprefix("--time=")) - seconds < 60


@given(st.text(max_size=20))
def test_no_text_is_read_as_a_time_without_a_sentence_why(text):
    problems: dict[str, str] = {"time": ""}
    try:
        seconds_of(text)
    except InvalidHyperparameters as error:
        problems = dict(error.problems)
    assert [*problems] == ["time"]


def test_the_user_counts_more_than_the_site(tmp_path):
    (tmp_path / "slurm.toml").write_text(
        'partition = "main"\ngpus = 2\ntime = "1:00:00"\nexclusive = true\nhold = false\n'
    )
    said = dict(word.partition("=")[::2] for word in options(Wanted("slurm"), tmp_path, threads=3))
    assert said == {
        "--requeue": "",
        "--signal": "B:USR1@60",
        "--partition": "main",
        "--gpus": "2",
        "--time": "1:00:00",
        "--exclusive": "",
        "--cpus-per-task": "3",
    }
    told = Wanted("slurm:big", gpus=4, time="2h", slurm="cpus_per_task=8 --exclusive=user")
    said |= {"--partition": "big", "--gpus": "4", "--time": "2:00:00", "--cpus-per-task": "8", "--exclusive": "user"}
    assert dict(word.partition("=")[::2] for word in options(told, tmp_path, threads=3)) == said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("partition", "slurm.toml cannot be read: "),
        ("[gpu]\npartition = 'x'", "slurm.toml: gpu must be one value"),
        ("output = 'x'", "output is set by Phosphene itself"),
    ],
)
def test_a_mistake_of_the_site_names_its_file(tmp_path, text, sentence):
    (tmp_path / "slurm.toml").write_text(text)
    with pytest.raises((WorkspaceError, InvalidHyperparameters), match=re.escape(sentence)) as refused:
        options(Wanted("slurm"), tmp_path)
    assert str(tmp_path / "slurm.toml") in str(refused.value)


def test_an_array_gets_the_time_of_its_longest_run_or_slurms_own():
    hour, day, unknown = Job(options=("--time=1:00:00",)), Job(options=("--time=1-00:00:00",)), Job()
    assert longest([hour, day]) is day
    assert longest([hour, unknown, day]) is unknown


def test_a_job_is_read_as_it_was_written_and_a_damaged_one_is_none(tmp_path):
    assert read_job(tmp_path) is None
    job = Job("name", "12_3", 7, 1.5, ("--partition=a", "--gpus=1"), "3", shared=True)
    write_job(tmp_path, job)
    assert read_job(tmp_path) == job
    assert job.partition == "a"
    (tmp_path / "job.json").write_text("[1")
    assert read_job(tmp_path) is None
