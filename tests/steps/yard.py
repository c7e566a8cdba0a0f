"""A hand-made scene for the steps: rules of every kind, a taxonomy, and random footage of it."""

from __future__ import annotations

from hypothesis import strategies as st

from ruler.schemas.base import content_hash
from ruler.schemas.captions import Caption
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Rule
from ruler.schemas.taxonomy import Taxonomy
from tests.support import (
    SENTENCES,
    boxes,
    failed,
    lexicon,
    make_box,
    make_caption,
    make_concept,
    make_figure,
    make_rule,
    make_rules,
    observe,
)

LEXICON = lexicon(
    "image", people=["man", "woman"], falling=make_concept("falling down", category="motion.fall")
)
TAXONOMY = Taxonomy.model_validate(
    {
        "id": "test",
        "categories": {
            "motion": {
                "title": "Motion",
                "items": [
                    {
                        "id": "motion.fall",
                        "kind": "abnormal",
                        "title": "Fall",
                        "level": "high",
                        "statement": "Someone falls.",
                        "look_for": ["falling"],
                    },
                    {
                        "id": "motion.walk",
                        "kind": "normal",
                        "title": "Walk",
                        "statement": "Someone walks.",
                        "look_for": ["walking"],
                    },
                ],
            }
        },
    }
)
RULES: tuple[Rule, ...] = (
    make_rule("falling", look_for=["falling down"], category="motion.fall"),
    make_rule("fast", measures=[{"fact": "speed_ratio", "above": 3}], weight=0.8),
    make_rule("linger", measures=[{"fact": "dwell_seconds", "above": 0.2}], weight=0.7),
    make_rule(
        "camera",
        measures=[
            {"fact": "picture_contrast", "below": 0.4},
            {"fact": "disturbed_seconds", "above": 0.3},
        ],
    ),
    make_rule("covered", measures=[{"fact": "camera_shift", "above": 0.3}], weight=0.7),
    make_rule("standing", look_for=["standing"], weight=0.6),
    make_rule("quick", look_for=["=quickly -car"], weight=0.55),
    make_rule(
        "night", look_for=["woman"], weight=0.5, when={"hours": "00:00-05:00"}, level="critical"
    ),
    make_rule("dog", kind="normal", look_for=["dog"], overrides=["gate.standing"]),
    make_rule("usual", kind="normal", look_for=["man", "walk"], subject="environment"),
    make_rule("doing", kind="normal", look_for=["standing"]),
    make_rule("size", kind="normal", measures=[{"fact": "height_ratio", "below": 4}]),
    make_rule("uncovered", weight=0.6, subject="environment"),
    make_rule("uncovered-doings", weight=0.3),
)
RULE_SET = make_rules(*RULES)


def keyed(caption: Caption) -> Caption:
    """The caption under a key of its own: a store keeps the first one of each key."""
    told = caption.model_dump(mode="json", exclude={"key"})
    return caption.model_copy(update={"key": content_hash(told)})


@st.composite
def figured(draw: st.DrawFn) -> Caption:
    """Captions with figures that mostly stay near one place."""
    values = st.floats(0, 8).map(lambda value: round(value, 3))
    places = st.sampled_from([make_box(0.1), make_box(0.12), make_box(0.5)]) | boxes()
    figures = [
        make_figure(box, speed_ratio=draw(values), height_ratio=draw(values))
        for box in draw(st.lists(places, max_size=3))
    ]
    camera = st.sampled_from([{}, {}, {"picture_contrast": 0.1}, {"camera_shift": 0.4}])
    return make_caption(draw(SENTENCES), figures, novelty=draw(values), **draw(camera))


@st.composite
def scenes(draw: st.DrawFn) -> list[Observation]:
    """A clip of words, or of measured figures, sampled unevenly; now and then a frame failed."""
    said = draw(st.sampled_from([SENTENCES.map(make_caption), figured()]))
    # A few captions that come again: an alarm lasts, and an event has company.
    few = draw(st.lists(said.map(keyed), min_size=1, max_size=4))
    runs = st.tuples(st.none() | st.sampled_from(few), st.integers(1, 8), st.integers(1, 4))
    frame, seen = 0, []
    for caption, length, step in draw(st.lists(runs, max_size=8)):
        for _ in range(length):
            one = failed(frame) if caption is None else observe(caption, frame=frame)
            seen.append(one.model_copy(update={"until_frame": frame + step}))
            frame += step
    return seen
