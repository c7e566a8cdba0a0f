"""Frames whose picture tells nothing: undetermined, and an event of the camera's once it lasts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given

from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.reasoners.symbolic.camera_rules import camera_rules
from ruler.schemas.captions import Caption
from ruler.schemas.disturbances import DISTURBANCES, disturbance
from ruler.schemas.facts import FACTS
from ruler.schemas.induction import Checkup
from ruler.schemas.observations import Observation
from ruler.schemas.runs import ONLINE, Smoothing
from ruler.schemas.taxonomy import Taxonomy
from ruler.steps.deducing import Deducer, Deduction
from ruler.steps.disturbing import disturbed, match
from ruler.steps.linking import Carry, link
from tests.steps.yard import scenes
from tests.support import (
    MEASURED,
    REVISION,
    context_of,
    make_box,
    make_brief,
    make_caption,
    make_figure,
    make_rule,
    observe,
)

FAST = make_rule("fast", measures=[{"fact": "speed_ratio", "above": 2}])
CAMERA = tuple(camera_rules(make_brief(measured=MEASURED), {}))
RUNNER = make_figure(speed_ratio=9.0)


def clear() -> Caption:
    return make_caption(figures=[make_figure(speed_ratio=1.0)], camera_shift=0.0, view_kept=1.0)


def shifted(share: float = 0.12) -> Caption:
    return make_caption("The camera has moved.", [RUNNER], camera_shift=share, view_kept=0.9)


def film(*captions: Caption) -> list[Observation]:
    return [observe(caption, frame=number) for number, caption in enumerate(captions)]


def deduced(seen: Sequence[Observation], smoothing: Smoothing = ONLINE) -> Deduction:
    taxonomy = Taxonomy(id="none", categories={})
    context = context_of(FAST, *CAMERA)
    deducer = Deducer(SymbolicReasoner(), context, REVISION, taxonomy, smoothing)
    return deducer.deduce("clip", seen, lambda frame: frame / 10)


def test_a_moved_camera_is_undetermined_and_says_why() -> None:
    verdicts = deduced(film(clear(), *[shifted()] * 5, clear())).verdicts
    assert [verdict.outcome for verdict in verdicts] == [
        "normal",
        *["undetermined"] * 5,
        "normal",
    ]
    why = "The camera has moved by 12 % of the width against the references."
    assert {verdict.reason for verdict in verdicts[1:6]} == {why}
    assert all(verdict.evidence == () for verdict in verdicts[1:6])


@pytest.mark.parametrize("smoothing", [ONLINE, Smoothing()])
def test_one_that_lasts_is_an_event_of_its_own(smoothing: Smoothing) -> None:
    found = deduced(film(clear(), *[shifted()] * 150, *[clear()] * 30), smoothing)
    [event] = found.events
    assert event.rules[0] == "gate.camera-moved"
    assert event.start_seconds == pytest.approx(10.1, abs=0.3)
    outcomes = [verdict.outcome for verdict in found.verdicts]
    assert set(outcomes[1:100]) == {"undetermined"}
    assert "normal" not in outcomes[1:151]
    assert outcomes[-1] == "normal"
    alarm = found.verdicts[120]
    assert "the view has shifted by 0.12 of the width" in alarm.rationale
    assert "nothing could be told of the scene for 11.9 seconds" not in alarm.rationale.split(".")
    assert {evidence.kind for evidence in alarm.evidence} == {"fact"}


def test_a_glimpse_does_not_end_a_disturbance_and_a_second_does() -> None:
    glimpse = film(*[shifted()] * 10, clear(), *[shifted()] * 10)
    parted = film(*[shifted()] * 10, *[clear()] * 12, *[shifted()] * 10)
    assert lasted(glimpse)[-1] == pytest.approx(2.0)
    assert lasted(parted)[-1] == pytest.approx(0.9)


def lasted(seen: Sequence[Observation]) -> list[float]:
    carry, found = Carry(), []
    for observation in seen:
        carry = Carry.model_validate_json(carry.model_dump_json())
        carry, linked = link(carry, observation)
        found.append(linked.disturbed_seconds)
    return found


def test_figures_of_a_disturbed_picture_are_none() -> None:
    """Neither a track nor a stay goes on in it, and both are survived as an occlusion is."""
    here = make_caption(figures=[make_figure(make_box(0.1))], camera_shift=0.0)
    there = make_caption(figures=[make_figure(make_box(0.7))], camera_shift=0.3)
    carry, linked = Carry(), []
    for observation in film(here, here, there, there, here):
        carry, one = link(carry, observation)
        linked.append(one)
    assert [len(one.links) for one in linked] == [1, 1, 0, 0, 1]
    assert linked[-1].links[0].track == 0
    assert linked[-1].links[0].dwell_seconds == pytest.approx(0.4)


def test_rules_about_the_scene_are_not_asked() -> None:
    anywhere = make_rule("shift", measures=[{"fact": "camera_shift", "above": 0.05}])
    context = context_of(FAST, anywhere)
    [found] = match(SymbolicReasoner(), film(shifted()), context)
    assert [one.rule_id for one in found.matches] == ["gate.shift"]
    assert found.undetermined


@given(scenes())
def test_a_disturbed_frame_is_never_normal(seen: list[Observation]) -> None:
    for observation, verdict in zip(seen, deduced(seen).verdicts, strict=True):
        if disturbed(observation):
            assert verdict.outcome in ("undetermined", "anomaly")
        if verdict.outcome == "anomaly":
            assert verdict.rules


@pytest.mark.parametrize("entry", DISTURBANCES, ids=lambda entry: entry.fact)
def test_every_bound_says_its_value(entry: object) -> None:
    assert entry in DISTURBANCES
    [bound] = [one for one in DISTURBANCES if one is entry]
    spec = FACTS[bound.fact]
    beyond = bound.above * 1.5 if bound.above is not None else (bound.below or 0) - 0.1
    assert spec.scope == "frame"
    assert disturbance({bound.fact: beyond})
    assert disturbance({bound.fact: bound.above or bound.below or 0.0}) is None


def test_rules_about_the_camera_are_written_for_what_is_measured() -> None:
    assert {rule.id for rule in CAMERA} == {
        "gate.camera-covered",
        "gate.camera-frozen",
        "gate.camera-moved",
        "gate.camera-turned",
    }
    only = make_brief(measured=["figures", "picture_contrast"])
    assert [rule.id for rule in camera_rules(only, {})] == ["gate.camera-covered"]
    noisy = Checkup(rule_id="gate.camera-moved", action="raised", why="it fired")
    kept = camera_rules(make_brief(measured=MEASURED), {noisy.rule_id: noisy})
    assert noisy.rule_id not in {rule.id for rule in kept}
