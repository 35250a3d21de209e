"""Names of studies with a tier and other values: read as a shell reads words, and written so that they are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import PhospheneError
from engine.studies.naming import Named, changes, named

FIELDS = st.from_regex(r"[a-z][a-z_0-9]*", fullmatch=True).filter(lambda name: name != "seeds")
VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def test_values_are_read_as_a_shell_reads_words():
    assert changes("steps=100 'images=my photo.jpg' seeds=5") == ({"steps": "100", "images": "my photo.jpg"}, 5)
    assert changes("") == ({}, 0)
    for text, sentence in (("steps", "has no value"), ("seeds=x", "whole number"), ("a='b", "cannot be read")):
        with pytest.raises(PhospheneError, match=sentence):
            changes(text)


def test_a_name_says_study_tier_and_values():
    assert named("svm-c") == Named("svm-c")
    assert named("svm-c:quick") == Named("svm-c", "quick")
    told = named("svm-c:full cut=relu7 'model=vgg16:my weights.pth' seeds=5")
    assert told == Named("svm-c", "full", {"cut": "relu7", "model": "vgg16:my weights.pth"}, 5)
    assert told.options == ["--full", "--set", "cut=relu7", "--set", "model=vgg16:my weights.pth", "--seeds", "5"]
    with pytest.raises(PhospheneError, match="tiers full and quick, not 'fast'"):
        named("svm-c:fast")


@given(st.sampled_from(["quick", "full", None]), st.dictionaries(FIELDS, VALUES, max_size=3), st.integers(0, 9))
def test_what_is_written_is_read(tier, changed, seeds):
    told = Named("gan-nz", tier, changed, seeds)
    assert named(str(told)) == told
