"""Short names that tell clips apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ruler.video.clips import clip_names

parts = st.lists(st.sampled_from(["a", "b", "01", "02"]), min_size=1, max_size=4)
paths = st.lists(parts.map("/".join), min_size=1, max_size=8)


def test_the_last_component_names_a_clip() -> None:
    folder = "../shared/data/ped2/testing"
    assert clip_names([f"{folder}/01", f"{folder}/03/"]) == ["01", "03"]
    assert clip_names(["/x/vtest.mp4"]) == ["vtest.mp4"]


def test_as_many_components_as_needed_are_taken() -> None:
    names = clip_names(["d/training/01", "d/testing/01", "d/testing/02"])
    assert names == ["training/01", "testing/01", "02"]
    assert clip_names(["p/x/1", "q/x/1", "q/y/1"]) == ["p/x/1", "q/x/1", "y/1"]
    assert clip_names(["/1", "/a/1"]) == ["1", "a/1"]


def test_one_path_given_twice_gets_a_number() -> None:
    assert clip_names(["a/01", "a/../a/01", "b/02"]) == ["01", "01#2", "02"]
    assert clip_names(["a/x", "a/x", "a/x#2"]) == ["x", "x#3", "x#2"]


def test_the_root_has_a_name() -> None:
    assert clip_names(["/"]) == ["/"]


@given(paths)
def test_names_are_unique_and_end_as_their_paths_do(given_paths: list[str]) -> None:
    names = clip_names(given_paths)
    assert len(set(names)) == len(given_paths)
    assert names == clip_names(given_paths)
    for path, name in zip(given_paths, names, strict=True):
        assert ("/root/" + path).endswith("/" + name.split("#")[0]) or "/" + path in "/" + name
