"""How classes are named: by number, WordNet id, name in any spelling; and what is said of those that are none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.datasets.imagenet import imagenet, imagenet_names
from engine.networks import classes
from engine.networks.classes import UnknownClass, find

NUMBERS = st.integers(0, 999)


def test_the_names_are_torchvisions_and_each_is_one_classs_own():
    from torchvision.models import get_model_weights

    assert imagenet_names() == tuple(get_model_weights("squeezenet1_1").DEFAULT.meta["categories"])
    assert len({entry.wnid for entry in imagenet()}) == 1_000


def test_the_wordnet_ids_are_those_of_the_challenge():
    file = Path(os.environ.get("PHOSPHENE_DATA", "")) / "imagenet-samples/synset_words.txt"
    if not file.is_file():
        pytest.skip("the list of ImageNet's classes is needed: set PHOSPHENE_DATA to a folder with imagenet-samples")
    assert [entry.wnid for entry in imagenet()] == [line.split()[0] for line in file.read_text().splitlines()]


@given(NUMBERS, st.sampled_from([str.lower, str.upper, str.title]), st.sampled_from([" ", "_", "-", "  "]))
def test_every_class_is_found_by_number_id_and_name_in_any_spelling(number, case, space):
    entry = imagenet()[number]
    for text in (str(number), entry.wnid, entry.name, case(entry.name).replace(" ", space)):
        if text.casefold() != "cardigan" or text == entry.name:
            assert find(text, imagenet_names()) == [number]


def test_two_names_that_differ_in_a_capital_alone_are_told_apart():
    names = imagenet_names()
    assert [names[number] for number in find("Cardigan,cardigan", names)] == ["Cardigan", "cardigan"]
    with pytest.raises(UnknownClass, match="more than one class: Cardigan, cardigan"):
        find("CARDIGAN", names)


@given(st.lists(NUMBERS, min_size=1, max_size=8))
def test_several_are_found_in_the_order_named_each_once(numbers):
    names = imagenet_names()
    assert find(", ".join(names[number] for number in numbers), names) == list(dict.fromkeys(numbers))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("bee eater", "bee eater"),
        ("great white", "great white shark"),
        ("Alsatian", "German shepherd"),
        ("n01440764", "tench"),
    ],
)
def test_a_part_or_another_name_is_enough_where_it_is_one_classs(text, name):
    assert [imagenet_names()[number] for number in find(text, imagenet_names())] == [name]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bee eatr", "did you mean bee eater"),
        ("border terier", "did you mean Border terrier"),
        ("terrier", "is more than one class: toy terrier, American"),
        ("1000", "counted from 0 to 999"),
        ("n00000000", "no class n00000000"),
        ("xyzzy", "there are 1,000, as tench"),
        (" , ", "no class is named"),
    ],
)
def test_what_is_none_is_answered_with_what_there_is(text, says):
    with pytest.raises(UnknownClass, match=says):
        find(text, imagenet_names())


def test_where_classes_are_called_by_numbers_a_number_is_a_name():
    assert find("7", tuple("56789")) == [2]
    with pytest.raises(UnknownClass, match="no class '0'"):
        find("0", tuple("56789"))


def test_a_class_spelt_exactly_is_that_class_whatever_others_look_like_it():
    names = ("C", "C#", "C++", "Cat", "cat", "a, b")
    for number, name in enumerate(names):
        assert find(name, names) == [number]
    assert find("C,C++", names) == [0, 2]
    for text in ("-1", "#7", "(3)", "3-", "+4"):
        with pytest.raises(UnknownClass):
            find(text, tuple("0123456789"))


def test_no_more_are_taken_than_wanted():
    with pytest.raises(UnknownClass, match="2 classes are named: name one"):
        find("3,4", tuple("0123456789"), most=1)
    with pytest.raises(UnknownClass, match="name at most 64"):
        find("all", imagenet_names(), most=64)


def test_the_classes_of_a_network_are_known_by_its_name_alone():
    def record_of(run: str):
        return {"a": {"dataset": "digits:0-4"}, "b": {}}[run]

    assert classes.known("vgg16:random", record_of) == imagenet_names()
    assert classes.known("cnn", record_of) == tuple("0123456789")
    assert classes.known("cnn:digits:5-9", record_of) == tuple("56789")
    assert classes.known("run:a", record_of) == tuple("01234")
    assert classes.known("run:b", record_of) == ()
