"""Plain English from measured facts. Pure: the same figures give the same words.

The words say what was measured and no more: without weights nobody knows a person from a bicycle,
so what stands out is a "figure".
"""

from __future__ import annotations

from collections.abc import Sequence

from ruler.schemas.captions import Figure

_NUMBERS = (
    *("No", "One", "Two", "Three", "Four", "Five", "Six"),
    *("Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"),
)
_HEADINGS = (
    *("right", "up and right", "up", "up and left"),
    *("left", "down and left", "down", "down and right"),
)

NOBODY = "Nobody is in view."
NOTHING = "Nothing as large as a figure moves."

_TOLD = 6
"""Figures that get a sentence each; the others are summed up."""

SLOW = 0.6
"""Speed ratio below which the word "slowly" is said."""

DROP = 0.8
"""Figure heights per second above which a figure drops."""

DISORDER = 0.6
"""`motion_disorder` above which motion is called chaotic."""

LARGE_FILL, LARGE_HEIGHT, LARGE_ASPECT = 1.2, 1.5, 1.2
"""Above any of these a figure is called large, or a group."""

CHANGED = 0.7
"""Foreground share of the image above which the view itself has changed."""


def describe(
    figures: Sequence[Figure],
    *,
    fast_ratio: float,
    is_background_known: bool,
    changed_share: float,
    disturbed: str | None = None,
) -> str:
    """The caption's text.

    Args:
        figures: The most salient first.
        fast_ratio: Ratio to the usual speed from which a figure moves "fast".
        is_background_known: Without a background only what moves can be seen.
        changed_share: Share of the image that is foreground, in [0, 1].
        disturbed: Why the picture tells nothing of the scene, as a clause, if so: what stands out
            in it is then not said.
    """
    if disturbed:
        return f"{disturbed[0].upper()}{disturbed[1:]}."
    sentences = []
    if changed_share > CHANGED:
        seen = "differs from the learned background" if is_background_known else "moves"
        sentences.append(f"Almost the whole view {seen}.")
    if not figures:
        sentences.append(NOBODY if is_background_known else NOTHING)
        return " ".join(sentences)
    if len(figures) > 1:
        sentences.append(f"{_count(len(figures))} figures.")
    sentences += [_sentence(figure, fast_ratio) for figure in figures[:_TOLD]]
    if others := figures[_TOLD:]:
        sentences.append(_others(others))
    return " ".join(sentences)


def _count(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def _sentence(figure: Figure, fast_ratio: float) -> str:
    height = figure.facts.get("height_ratio")
    size = "partly out of view" if height is None else f"{height:.1f} times the usual height"
    return f"One {_noun(figure)}, {figure.box.place}, {_motion(figure, fast_ratio)}, {size}."


def _noun(figure: Figure) -> str:
    facts = figure.facts
    is_large = (
        facts["fill_ratio"] >= LARGE_FILL
        or facts.get("height_ratio", 0.0) >= LARGE_HEIGHT
        or facts.get("aspect_ratio", 0.0) >= LARGE_ASPECT
    )
    return "large figure or group" if is_large else "figure"


def heading(degrees: float) -> str:
    """The direction in words: 0 is right, 90 is up."""
    return _HEADINGS[round(degrees / 45) % 8]


def _motion(figure: Figure, fast_ratio: float) -> str:
    facts = figure.facts
    if "speed_ratio" not in facts:
        return "is seen in one frame alone"
    parts = [_going(facts, fast_ratio)]
    if facts["fall_speed"] >= DROP:
        parts.append(f"drops at {facts['fall_speed']:.1f} figure heights per second")
    if facts["motion_disorder"] >= DISORDER and "direction_degrees" in facts:
        parts.append("moves chaotically")
    return " and ".join(parts)


def _going(facts: dict[str, float], fast_ratio: float) -> str:
    if "direction_degrees" not in facts:
        return "stands still"
    speed = facts["speed_ratio"]
    how = "slowly " if round(speed, 1) < SLOW else "fast " if speed >= fast_ratio else ""
    where = heading(facts["direction_degrees"])
    return f"moves {how}{where} at {speed:.1f} times the usual speed here"


def _others(figures: Sequence[Figure]) -> str:
    speeds = [f.facts["speed_ratio"] for f in figures if "direction_degrees" in f.facts]
    still = len(figures) - len(speeds)
    parts = []
    if speeds:
        verb = "moves" if len(speeds) == 1 else "move"
        most = f"{max(speeds):.1f} times the usual speed"
        parts.append(f"{_count(len(speeds))} more {verb} at up to {most}.")
    if still:
        parts.append(f"{_count(still)} more {'stands' if still == 1 else 'stand'} still.")
    return " ".join(parts)
