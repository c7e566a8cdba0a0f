"""What recorded captions give without learning: the baselines that stand beside every figure.

The keyword pipeline is AnomalyRuler's without its LLM (ECCV 2024, sections 3.3 and 3.4), written
from its description: a frame is hit where a keyword of its rules stands in the caption, hits are
smoothed by an exponential moving average s_t = a·y_t + (1 - a)·s_(t-1) with a = 0.33, frames above
the video's own mean are called anomalous, and the calls are smoothed the same way again. The mean
of a whole video is not known before it ends, so this is no online method.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ruler.evaluation.recorded import Video

KEYWORDS = tuple(
    """riding running jumping bicycle skateboard scooter skateboarding scooting vehicle van truck
    cart trolley lying falling bending crawling climbing fighting pushing""".split()
)
"""Twenty words that the rules which AnomalyRuler's authors published for their scenes name as
anomalous; the list is the same for every dataset, as theirs is."""

ALPHA = 0.33

_WORD = re.compile(r"[a-z]+")


def keyword_hits(video: Video) -> list[float]:
    """1 for a caption that holds a keyword, else 0."""
    keywords = frozenset(KEYWORDS)
    return [float(not keywords.isdisjoint(_WORD.findall(s.text.lower()))) for s in video.frames]


def keyword_pipeline(video: Video) -> list[float]:
    """The score of each frame by the keyword pipeline, in [0, 1]."""
    smoothed = list(_average(keyword_hits(video)))
    mean = sum(smoothed) / len(smoothed)
    return list(_average([float(score > mean) for score in smoothed]))


def _average(values: Sequence[float]) -> Iterator[float]:
    last = values[0] if values else 0.0
    for value in values:
        last = ALPHA * value + (1 - ALPHA) * last
        yield last
