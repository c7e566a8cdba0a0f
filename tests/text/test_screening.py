"""The sieve before phrases are looked for: what it keeps out holds none of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ruler.text.phrases import find_any
from ruler.text.screening import Screen

WORDS = (
    "a man men running ran runs not without helmet helmets riding rode bike-lane bike, dog. "
    "DOGS didn't on the while and der Hund läuft nicht un perro corre está sin casco twenty-two"
).split()
PHRASES = (
    "man running",
    "dog",
    "riding without helmet",
    "lane",
    "ride +on a bike",
    "car -parked",
    "Hund",
    "perro",
    "two",
)


@given(
    st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join),
    st.lists(st.sampled_from(PHRASES), min_size=1, max_size=3),
)
def test_nothing_that_is_found_is_kept_out(text: str, phrases: list[str]) -> None:
    if find_any(text, phrases) is not None:
        assert Screen(phrases).may_hold(text)


def test_what_lacks_a_word_is_kept_out() -> None:
    screen = Screen(["man running", "a dog"])
    assert screen.may_hold("Two men. One ran off.")
    assert screen.may_hold("Dogs!")
    assert not screen.may_hold("A man walks and a woman waits.")
    assert not screen.may_hold("")
