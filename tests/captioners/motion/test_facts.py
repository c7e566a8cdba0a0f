"""What the captioner writes against the table of facts: names, scopes, ranges."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from ruler.captioners.base import Captioner
from ruler.captioners.motion.measured import MEASURED
from ruler.schemas.captions import SceneModel
from ruler.schemas.facts import FACTS, check_facts
from ruler.schemas.observations import Observation
from ruler.steps.linking import Carry, link
from tests.captioners.motion.footage import Footage, Walker, answer_of, render

WALKERS = st.builds(
    Walker,
    x=st.floats(-20, 240),
    y=st.floats(-20, 170),
    vx=st.floats(-150, 150),
    vy=st.floats(-150, 150),
    height=st.integers(6, 120),
    width=st.integers(4, 120),
    seed=st.integers(0, 3),
)


def test_every_measured_fact_is_in_the_table() -> None:
    captioned = {name for name, spec in FACTS.items() if spec.source == "captioner"}
    assert set(MEASURED) <= captioned
    for spec in FACTS.values():
        assert spec.unit and spec.meaning and spec.said.count("{}") == 1
        assert spec.low is None or spec.high is None or spec.low < spec.high


@settings(max_examples=8, deadline=None)
@given(st.lists(WALKERS, max_size=3))
def test_what_is_written_lies_in_its_range(
    captioner: Captioner, model: SceneModel, walkers: list[Walker]
) -> None:
    """Whatever moves, however large and fast: also what linking adds."""
    clip, carry = Footage(render(walkers, 12)), Carry()
    for sample in (9, 11):
        caption = answer_of(captioner, clip, model, sample)
        check_facts(caption.facts, "frame")
        seen = Observation(
            frame_index=sample, until_frame=sample + 1, time_seconds=sample / 10, caption=caption
        )
        carry, linked = link(carry, seen)
        for position, figure in enumerate(caption.figures):
            facts = linked.figure_facts(position)
            check_facts(facts, "figure")
            assert all(math.isfinite(value) for value in facts.values())
            # A disturbed picture is not linked.
            assert facts.get("fallen", 0.0) <= facts["low_area"] + 1e-6
            assert set(figure.facts) <= set(caption.measured)
