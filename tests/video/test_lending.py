"""Memory of pictures that is lent: never filled while held, always given back in the end."""

from __future__ import annotations

import gc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ruler.video.lending import Slots

SHAPE = (2, 4, 3)


@given(st.integers(2, 16), st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=60))
def test_a_decoder_always_gets_room_and_no_held_picture_changes(
    count: int, steps: list[tuple[bool, int]]
) -> None:
    """A decoder that fills whatever it may, and a holder who drops one now and then."""
    slots = Slots(count, 24)
    free = list(range(count))
    held: dict[int, NDArray[np.uint8]] = {}
    for number, (drops, which) in enumerate(steps):
        if drops and held:
            del held[sorted(held)[which % len(held)]]
        free += slots.returned(least=slots.handful)
        assert free, "the decoder waits for ever"
        slot = free.pop(0)
        slots._place(slot, SHAPE)[...] = number
        held[number] = slots.picture(slot, SHAPE)
        assert all((picture == value).all() for value, picture in held.items())
    held.clear()
    slots.returned()
    assert slots.is_idle
    slots.close()


def test_a_view_of_a_lent_picture_holds_it() -> None:
    slots = Slots(16, 24)
    picture = slots.picture(3, SHAPE)
    assert not picture.flags.writeable
    view = picture[1:, ::2]
    del picture
    gc.collect()
    assert slots.returned() == []
    assert not slots.fits(16, 24)
    del view
    assert slots.returned() == [3]
    assert slots.fits(16, 24)
    slots.close()
