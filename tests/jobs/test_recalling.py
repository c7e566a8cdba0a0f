"""Backtests by what a run stored: the same, to the last event, as deducing everything anew."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ruler.jobs import backtest as backtests
from ruler.jobs.backtest import Backtest, backtest
from ruler.jobs.stretches import resmoothed
from ruler.reasoners.base import MatchContext
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.base import bytes_hash
from ruler.schemas.captions import Box, Caption, Figure
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Measure, Revision, Rule, RuleException, RuleSet, When
from ruler.schemas.runs import ONLINE, ClipInfo, RunSpec, Smoothing, Usage
from ruler.stamp import judging_stamp
from ruler.steps.deducing import Deducer
from ruler.steps.smoothing import smooth
from rules_store.rule_files import dump_rules
from rules_store.scenes import NewRevision
from rules_store.store import Store
from rules_store.taxonomy_files import load_lexicon, load_taxonomy

SCENE = "court"
FPS = 5.0
CALM = ("A man is walking on the path.", "A woman stands near a tree.", "Two people talk.")
WILD = (
    "A man is running on the path.",
    "A guard is running near a tree.",
    "A child rides a bicycle.",
    "A man has fallen, and nobody is running.",
    "Smoke rises from a car.",
)


def rule(slug: str, **fields: object) -> Rule:
    """A rule of the scene; an anomaly rule unless said otherwise."""
    values = {"id": f"{SCENE}.{slug}", "title": slug, "kind": "anomaly", "statement": slug}
    return Rule.model_validate({**values, **fields})


def usual(slug: str, *phrases: str, **fields: object) -> Rule:
    """A normal rule."""
    return rule(slug, kind="normal", look_for=phrases, level="info", **fields)


RULES = RuleSet(
    scene=SCENE,
    rules=(
        usual("things", "path", "tree", "man", "woman", subject="environment"),
        usual("doings", "man walking", "people talking"),
        usual("guards", "guard running", overrides=(f"{SCENE}.running",)),
        rule("running", look_for=("man running", "guard running"), category="motion.fast"),
        rule("bicycle", look_for=("bicycle",), weight=0.6, level="low"),
        rule("fallen", look_for=("man has fallen",), when=When(hours="08:00-20:00")),
        rule("fast", measures=(Measure(fact="speed_ratio", above=2.0),), category="motion.fast"),
        rule("staying", measures=(Measure(fact="dwell_seconds", above=3.0),), weight=0.7),
        rule("uncovered", weight=0.29),
        rule("uncovered-doings", weight=0.4),
    ),
)

NEW = (
    rule("smoke", look_for=("smoke", "car"), level="critical"),
    rule("tall", measures=(Measure(fact="height_ratio", above=1.4),)),
    usual("vehicles", "car", "bicycle", subject="environment"),
)

CHANGES = (
    {"weight": 0.3},
    {"weight": 0.55},
    {"look_for": ("walking",)},
    {"look_for": ("woman standing", "two people talking", "bicycle")},
    {"measures": (Measure(fact="speed_ratio", above=1.2),)},
    {"measures": (Measure(fact="dwell_seconds", above=1.0),)},
    {"category": "posture.fall"},
    {"title": "Another title", "level": "critical"},
    {"status": "deprecated"},
    {"exceptions": (RuleException(name="trees", unless="tree"),)},
    {"when": When(weekdays=("mon",))},
)


def caption(rng: random.Random, name: str, is_wild: bool, *, measured: bool) -> Caption:
    """One that says, or measures, more or less of what the rules look for."""
    texts = [rng.choice(WILD if is_wild else CALM), rng.choice(CALM)]
    if not measured:
        return Caption(key=name, captioner="told", text=" ".join(texts))
    fast = rng.uniform(1.5, 4) if is_wild else rng.uniform(0.1, 1.6)
    figures = [
        Figure(
            box=Box(left=left, top=0.2, right=left + 0.1, bottom=0.6),
            facts={"speed_ratio": fast * scale, "height_ratio": rng.uniform(0.8, 1.6)},
        )
        for left, scale in ((0.1, 0.2), (rng.uniform(0.3, 0.8), 1.0))
    ]
    return Caption(
        key=name,
        captioner="measured",
        text=" ".join(texts),
        facts={"figures": 2.0},
        figures=tuple(figures),
        measured=("figures", "speed_ratio", "height_ratio"),
    )


def footage(seed: int, count: int, *, measured: bool) -> list[Observation]:
    """Frames in which something wild goes on now and then; a few failed, and one gap in time."""
    rng, wild, time, seen = random.Random(seed), 0, 0.0, []
    for number in range(count):
        wild = wild - 1 if wild else rng.choice([0] * 12 + [1, 2, 6, 12])
        time += rng.choice((1 / FPS, 1 / FPS, 0.9)) + 30 * (number == count // 2)
        fails = rng.random() < 0.03
        said = (
            None
            if fails
            else caption(rng, f"{seed}-{measured}-{number}", wild > 0, measured=measured)
        )
        seen.append(
            Observation(
                frame_index=3 * number,
                until_frame=3 * number + 3,
                time_seconds=round(time, 3),
                caption=said,
                failure="too dark" if fails else None,
            )
        )
    return seen


def keep(store: Store, rule_set: RuleSet, *, activate: bool) -> Revision:
    """One more revision."""
    source = dump_rules(rule_set)
    return store.scenes.save(NewRevision(SCENE, source, "kim", "to try", activate=activate))


def detected(store: Store, made_by: Revision, name: str, smoothing: Smoothing) -> None:
    """A finished run of two clips, as a detection leaves it."""
    start = dt.datetime(2026, 3, 2, 7, 59, 30, tzinfo=dt.UTC)
    spec = RunSpec(
        id=name,
        scene=SCENE,
        revision=made_by.ref,
        clips=("told", "measured"),
        captioner="told",
        reasoner="symbolic",
        taxonomy="general",
        smoothing=smoothing,
        start_time=start,
        as_of=start.date(),
        store=store.place,
        version=judging_stamp(),
    )
    deducer = Deducer(
        reasoner=SymbolicReasoner(),
        context=MatchContext(made_by.rule_set, load_lexicon(), start, spec.as_of),
        revision=made_by.ref,
        taxonomy=load_taxonomy("general"),
        smoothing=smoothing,
    )
    store.runs.create(spec, [(f"{name}-{n}", clip) for n, clip in enumerate(spec.clips)])
    for number, clip in enumerate(spec.clips):
        seen = footage(len(name), 60, measured=clip == "measured")
        stored(store, deducer, (name, number), seen)
    store.runs.finish(name, "done")


def stored(
    store: Store, deducer: Deducer, place: tuple[str, int], seen: Sequence[Observation]
) -> None:
    """One clip's captions, traces, verdicts and events."""
    clip, length = f"{place[0]}-{place[1]}", seen[-1].time_seconds + 1
    info = ClipInfo(
        name=clip,
        path=clip,
        sha256=bytes_hash(clip.encode()),
        frames=3 * len(seen),
        fps=FPS,
        duration_seconds=length,
        width=16,
        height=12,
        reader="folder",
    )
    store.runs.set_clip(*place, info=info)
    store.captions.put(o.caption for o in seen if o.caption)
    seconds = {o.frame_index: o.time_seconds for o in seen}
    found = deducer.deduce(clip, seen, lambda frame: seconds.get(frame, length))
    traces = store.traces
    traces.save_chunk(*place, 0, deducer.match(seen), Usage())
    traces.save_links(*place, found.traces)
    traces.save_scores(
        *place, "smooth", ((t.observation.frame_index, t.smooth) for t in found.traces)
    )
    traces.save_reasoned(*place, "reason", found.traces)
    traces.save_verdicts(*place, found.verdicts)
    store.events.save(*place, list(found.events))
    store.runs.set_clip(*place, done=True)


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with runs by revision 1: told and measured clips, each smoothing."""
    place: Path = tmp_path_factory.mktemp("court")
    with Store(place) as store:
        first = keep(store, RULES, activate=True)
        detected(store, first, "offline", Smoothing(seconds=0.6))
        detected(store, first, "online", ONLINE)
        detected(store, first, "vote", Smoothing(method="majority", seconds=0.5))
        yield store


@st.composite
def edited(draw: st.DrawFn) -> RuleSet:
    """The rules after an edit or two, or after none."""
    rules = {each.id: each for each in RULES.rules}
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(sorted(rules)))
        kind = draw(st.sampled_from(("field", "remove", "add", "overrides")))
        if kind == "field":
            change = draw(st.sampled_from(CHANGES))
            is_free = "uncovered" not in name or not {"look_for", "measures"} & change.keys()
            if is_free or draw(st.booleans()):
                rules[name] = rules[name].model_copy(update=change)
        elif kind == "remove" and len(rules) > 1:
            del rules[name]
        elif kind == "add":
            new = draw(st.sampled_from(NEW))
            rules[new.id] = new
        elif rules[name].kind == "normal":
            rules[name] = rules[name].model_copy(update={"overrides": (f"{SCENE}.fast",)})
    threshold = draw(st.sampled_from((0.5, 0.5, 0.5, 0.35, 0.7)))
    return RULES.model_copy(update={"rules": tuple(rules.values()), "threshold": threshold})


def both_ways(store: Store, against: int) -> tuple[Backtest, Backtest]:
    """By what the runs stored, and all anew."""
    by_store = backtest(store, SCENE, against)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backtests, "judging_stamp", lambda: "another")
        return by_store, backtest(store, SCENE, against)


@settings(
    max_examples=12,
    phases=(Phase.generate,),  # each example is many deductions: a failure is told as it was met
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(edited(), edited(), st.booleans())
def test_the_same_as_all_anew(court: Store, one: RuleSet, other: RuleSet, moves_on: bool) -> None:
    court.scenes.activate(SCENE, keep(court, one, activate=False).ref.revision if moves_on else 1)
    by_store, anew = both_ways(court, keep(court, other, activate=False).ref.revision)
    assert by_store.difference == anew.difference


def test_something_differs(court: Store) -> None:
    """The footage tells rules apart, so that the property above says something."""
    court.scenes.activate(SCENE, 1)
    rules = tuple(each for each in RULES.rules if each.id != f"{SCENE}.running")
    other = keep(court, RULES.model_copy(update={"rules": rules}), activate=False)
    by_store, anew = both_ways(court, other.ref.revision)
    assert by_store.difference == anew.difference
    assert by_store.difference.removed > 5
    assert by_store.difference.lost
    assert f"{by_store.difference.removed} removed" in by_store.summary
    unchanged = backtest(court, SCENE, 1)
    assert unchanged.summary.startswith("Nothing would have been otherwise in 360 frames")


@given(
    st.lists(st.tuples(st.floats(0.01, 2), st.none() | st.floats(0, 1)), min_size=1, max_size=60),
    st.sets(st.integers(0, 59), max_size=6),
    st.sampled_from((Smoothing(), ONLINE, Smoothing(method="ema"), Smoothing(method="majority"))),
)
def test_only_what_changed_is_smoothed_anew(
    steps: list[tuple[float, float | None]], changed: set[int], smoothing: Smoothing
) -> None:
    seconds = [sum(step for step, _ in steps[: place + 1]) for place in range(len(steps))]
    old = [score for _, score in steps]
    new = [1 - s if n in changed and s is not None else s for n, s in enumerate(old)]
    before = list(smooth(zip(seconds, old, strict=True), smoothing))
    found = resmoothed(seconds, (old, new), before, smoothing)
    assert found == list(smooth(zip(seconds, new, strict=True), smoothing))
