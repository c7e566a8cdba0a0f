"""The index of a file's pictures."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ruler.video.index import Finder, PacketIndex, Packets, build_index

stamps = st.lists(st.integers(0, 60), min_size=1, max_size=30, unique=True)


def index_of(shown: list[int], order: list[int] | None) -> PacketIndex:
    """The index of pictures coded in that order of time stamps."""
    ticks = np.array(shown, dtype=np.int64)
    places = np.arange(len(shown), dtype=np.int64)
    packets = Packets(ticks, places, places, places % 4 == 0, places < 0)
    return build_index(
        packets, tick=Fraction(1, 25), order=order, lost=[], codec="h264", nal_length=4
    )


@given(stamps, st.booleans(), st.data())
def test_a_finder_finds_what_the_index_finds(
    shown: list[int], has_order: bool, data: st.DataObject
) -> None:
    index = index_of(shown, data.draw(st.permutations(shown)) if has_order else None)
    finder = Finder(index)
    asked = st.one_of(st.none(), st.integers(-2, 62), st.sampled_from(shown))
    sequences = (data.draw(st.lists(asked, max_size=20)), shown, sorted(shown))
    for stamp in (stamp for sequence in sequences for stamp in sequence):
        assert finder.rank(stamp) == index.rank(stamp)
        assert finder.place(stamp) == index.place(stamp)


@given(stamps)
def test_ranks_and_places_name_each_other(shown: list[int]) -> None:
    index = index_of(shown, None)
    assert index.rank_at[index.places].tolist() == list(range(len(shown)))
    assert index.is_reordered == (shown != sorted(shown))
    for place, stamp in enumerate(shown):
        assert index.place(stamp) == place
        assert index.rank(stamp) == sorted(shown).index(stamp)
