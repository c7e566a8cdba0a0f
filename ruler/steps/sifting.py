"""Adaptive sampling: which sampled frames are looked at closely, and which go by another's caption.

The clip's samples fall into the groups of `sharing`. In each group the first sample is looked at,
and what is looked at after it depends on the group alone, so chunks may begin and end anywhere:
- while nothing moves, no further one: the first still sample speaks for those like it;
- while something moves, every `STRIDE`th sample: each speaks for those up to the next;
- all of them where a caption before or after is unusual: it comes near a bound of the rules.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ruler.steps.sharing import GROUP, Groups
from ruler.video.frames import FrameWindow, WindowFailure

if TYPE_CHECKING:
    from ruler.schemas.captions import Caption
    from ruler.schemas.rules import Rule
    from ruler.video.frames import Frame
    from ruler.video.similarity import Look, Similarity

STRIDE = 4
"""In a group of eight: the first sample and the one in the middle."""

EARLY = 0.8
"""Share of a bound from which a caption is unusual."""

VERSION = "1"

_APART = 4
"""Frames of a window between two that are compared: 0.4 s on the usual grid."""

_REMEMBERED = 4 * GROUP


@dataclass(frozen=True)
class Sieve:
    """Which captions are unusual: a figure, or the frame, comes near a bound of the rules.

    Attributes:
        above: (fact, value) above which a caption is unusual, by name.
        below: (fact, value) below which it is. Where there are neither, every caption is.
    """

    above: tuple[tuple[str, float], ...]
    below: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, rules: Sequence[Rule], measured: Collection[str]) -> Sieve:
        """The bounds that rules set on facts that captions hold.

        Args:
            rules: Those that count.
            measured: What the captioner measures.
        """
        known = {*measured, *(fact for fact, of in _LINKED.items() if {*of} <= {*measured})}
        above: dict[str, float] = {}
        below: dict[str, float] = {}
        for rule in rules:
            for measure in rule.measures:
                high, low = measure.above, measure.below
                if rule.kind == "normal":
                    high, low = low, high
                if high is not None and measure.fact in known:
                    above[measure.fact] = min(EARLY * high, above.get(measure.fact, math.inf))
                if low is not None and measure.fact in known:
                    below[measure.fact] = max(low / EARLY, below.get(measure.fact, -math.inf))
        return cls(tuple(sorted(above.items())), tuple(sorted(below.items())))

    def is_unusual(self, caption: Caption) -> bool:
        """Whether to look more closely around a caption."""
        if not self.above and not self.below:
            return True
        seen = [caption.facts, *(figure.facts for figure in caption.figures)]
        return any(
            any(_value(facts, fact) > bound for fact, bound in self.above)
            or any(facts.get(fact, bound) < bound for fact, bound in self.below)
            for facts in seen
        )


_LINKED = {"fallen": ("fall_speed", "low_area")}
"""Linked facts that a single caption tells something of: the product of these."""


def _value(facts: Mapping[str, float], fact: str) -> float:
    return math.prod(facts.get(part, 0.0) for part in _LINKED.get(fact, (fact,)))


@dataclass
class Sifted:
    """What a first look leaves: by sample, the sample whose caption it goes by for now.

    `followed` names, for each sample that was passed over while something moved, the one after it
    that was looked at, or itself where the group ends first.
    """

    goes_by: dict[int, int] = field(default_factory=dict)
    followed: dict[int, int] = field(default_factory=dict)

    def closer(self, captions: Mapping[int, Caption], sieve: Sieve) -> list[int]:
        """The samples to look at after all, ascending.

        Args:
            captions: By sample that was looked at; one without a caption may hide anything.
            sieve: What is unusual.
        """

        def is_unusual(frame: int) -> bool:
            caption = captions.get(frame)
            return caption is None or sieve.is_unusual(caption)

        return [
            frame
            for frame, after in sorted(self.followed.items())
            if is_unusual(self.goes_by[frame]) or (after != frame and is_unusual(after))
        ]


def sift(
    windows: Iterable[FrameWindow | WindowFailure],
    groups: Groups,
    similarity: Similarity,
    sifted: Sifted,
) -> Iterator[FrameWindow | WindowFailure]:
    """Take a first look at whole groups.

    Args:
        windows: Of the samples of whole groups (`Groups.whole`), in order.
        groups: The clip's.
        similarity: When two pictures show the same.
        sifted: Is told of those that are passed over.

    Yields:
        Windows to look at, in order, and those that cannot be read.
    """
    gate = _Gate(similarity)
    group, place, last = -1, 0, -1
    still: Frame | None = None
    passed: list[int] = []
    for window in windows:
        if groups.of(window.frame_index) != group:
            group, place, last = groups.of(window.frame_index), -1, -1
            still, passed = None, []
        place += 1
        if isinstance(window, WindowFailure):
            yield window
            continue
        frame, newest, is_still = window.frame_index, window.frames[-1], gate.is_still(window)
        if is_still and still is not None and gate.are_alike(still, newest):
            sifted.goes_by[frame] = last
        elif last >= 0 and place % STRIDE and not is_still:
            sifted.goes_by[frame] = last
            sifted.followed[frame] = frame
            passed.append(frame)
        else:
            sifted.followed |= dict.fromkeys(passed, frame)
            last, still, passed = frame, newest if is_still else None, []
            yield window


class _Gate:
    """Compares pictures; looks at each once."""

    def __init__(self, similarity: Similarity) -> None:
        self._similarity = similarity
        self._looks: dict[int, Look] = {}

    def is_still(self, window: FrameWindow) -> bool:
        """Does the newest picture show what those before it showed?"""
        newest = window.frames[-1]
        # Nobody crosses a picture and is gone again between two of these.
        others = (*window.frames[-1::-_APART][1:], window.frames[0])
        return all(self.are_alike(frame, newest) for frame in others)

    def are_alike(self, one: Frame, other: Frame) -> bool:
        """Do two pictures show the same?"""
        return self._similarity.is_alike(self._look(one), self._look(other))

    def _look(self, frame: Frame) -> Look:
        if frame.index not in self._looks:
            while len(self._looks) > _REMEMBERED:
                del self._looks[next(iter(self._looks))]
            self._looks[frame.index] = self._similarity.look_at(frame)
        return self._looks[frame.index]
