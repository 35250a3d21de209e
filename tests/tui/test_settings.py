"""What several workbenches remember in one file: each writes what it has changed, and loses nothing of the others."""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st

from tui.settings import Settings, _merged


def test_two_workbenches_keep_each_others_forms(tmp_path):
    path = tmp_path / "workbench.json"
    first, second = Settings.load(path), Settings.load(path)
    first.forms["probe"] = {"dataset": "scenes15", "model": "vgg16"}
    assert first.save(path)
    second.experiment = "dann"
    second.forms["dann"] = {"epochs": "3"}
    assert second.save(path)
    del first.forms["probe"]["model"]
    first.theme = "rose-pine"
    assert first.save(path)
    assert second.save(path)
    found = Settings.load(path)
    assert (found.experiment, found.theme) == ("dann", "rose-pine")
    assert found.forms == {"probe": {"dataset": "scenes15"}, "dann": {"epochs": "3"}}


def test_a_damaged_file_is_replaced(tmp_path):
    path = tmp_path / "workbench.json"
    path.write_text("[1")
    settings = Settings.load(path)
    settings.forms = {"cnn": {"lr": "1"}}
    assert settings.save(path)
    assert Settings.load(path).forms == {"cnn": {"lr": "1"}}


FORMS = st.dictionaries(st.sampled_from("ab"), st.dictionaries(st.sampled_from("xy"), st.text(max_size=2)))


@given(FORMS, FORMS, FORMS)
def test_what_was_changed_here_counts_and_all_else_stays_as_it_is_there(known, own, there):
    before = copy.deepcopy((known, own, there))
    found = _merged(known, own, there)
    for name in "ab":
        for field in "xy":
            changed = known.get(name, {}).get(field) != own.get(name, {}).get(field)
            source = own if changed else there if name in own or known.get(name) == own.get(name) else {}
            assert found.get(name, {}).get(field) == source.get(name, {}).get(field)
    assert (known, own, there) == before
    assert _merged(known, known, there) == there
    assert _merged(there, own, there) == own
