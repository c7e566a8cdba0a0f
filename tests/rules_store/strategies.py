"""Rule sets of every kind a rule file can hold."""

from __future__ import annotations

import datetime as dt
from typing import get_args

from hypothesis import strategies as st

from ruler.schemas.facts import FACTS
from ruler.schemas.rules import (
    LEVELS,
    WEEKDAYS,
    Cameras,
    Measure,
    Origin,
    Place,
    Rule,
    RuleException,
    RuleSet,
    RuleTests,
    When,
)

TRAPS = (
    *("no", "Yes", "null", "~", "true", "1", "1.10", "0x1f", "1e5", "2027-01-31", "12:30", ".inf"),
    *(" leading", "trailing ", "a: b", "a #b", "- a", "[a]", "{a}", "a, b", '"', "'", "''", "\\n"),
    *("%a", "@a", "`a`", "*a", "&a", "!a", "|", ">", "?", "? a", ":", "#", "---", "...", "<<", "="),
    *(
        "a\nb",
        "\na",
        "a\n",
        "a\n\n b\n",
        "a\r\nb",
        "\t",
        "a\tb",
        "\x00",
        "\x85",
        "\ufeff",
        "é",
        "门",
    ),
    *("two  spaces " * 12, "long words in a line " * 9, "x" * 150, "- a\n- b: c", "🚪", "\u202e"),
)
_ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
TEXTS = st.sampled_from([trap for trap in TRAPS if len(trap) <= 80]) | _ANY_TEXT
LONG_TEXTS = TEXTS | st.sampled_from(TRAPS) | st.lists(TEXTS, min_size=2).map(" ".join)
LONG_TEXTS = LONG_TEXTS.map(lambda text: text[:2000])
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
UNITS = st.floats(0, 1) | st.sampled_from([0.0, 0.5, 1.0])
NAMES = st.text("abz019_-", min_size=1, max_size=6).filter(lambda name: name[0] not in "_-")
SCENES = NAMES | st.sampled_from(["front-door", "no", "null", "y", "1", "0x1"])
IDS = st.lists(NAMES, min_size=2, max_size=3).map(".".join)


def few(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    """None, one or a few of them."""
    return st.lists(values, max_size=3).map(tuple)


@st.composite
def measures(draw: st.DrawFn) -> Measure:
    low, high = sorted((draw(NUMBERS), draw(NUMBERS)))
    shape = draw(st.sampled_from(["above", "below", "both"] if low < high else ["above", "below"]))
    return Measure(
        fact=draw(st.sampled_from(sorted(FACTS))),
        above=low if shape != "below" else None,
        below=high if shape != "above" else None,
        softness=draw(st.none() | st.floats(1e-9, 1e9)),
    )


CLOCK = st.times().map(lambda time: f"{time:%H:%M}")
WHENS = st.builds(
    When,
    hours=st.none() | st.builds("{}-{}".format, CLOCK, CLOCK),
    weekdays=few(st.sampled_from(WEEKDAYS)),
    zones=few(TEXTS),
    presence=few(TEXTS),
)
EXCEPTIONS = st.builds(
    RuleException, name=TEXTS, unless=TEXTS, until=st.none() | st.dates(min_value=dt.date(1, 1, 1))
)
TESTS = st.builds(RuleTests, fire=few(LONG_TEXTS), quiet=few(TEXTS), todo=few(TEXTS))
ORIGINS = st.builds(
    Origin,
    by=st.sampled_from(["induced", "person", "taxonomy", "imported"]),
    votes=st.none() | st.sampled_from(["7/10", "0/3"]),
    references=few(TEXTS),
    model=st.none() | TEXTS,
    prompt=st.none() | TEXTS,
    note=st.none() | LONG_TEXTS,
)


@st.composite
def rules(draw: st.DrawFn, scene: str) -> Rule:
    kind = draw(st.sampled_from(["anomaly", "normal"]))
    return Rule(
        id=f"{scene}.{draw(NAMES)}",
        title=draw(TEXTS),
        kind=kind,
        level=draw(st.sampled_from(LEVELS)),
        status=draw(st.sampled_from(["draft", "experimental", "stable", "deprecated"])),
        category=draw(st.none() | IDS),
        subject=draw(st.sampled_from(["human_activity", "environment"])),
        statement=draw(LONG_TEXTS),
        look_for=draw(few(TEXTS)),
        measures=tuple(draw(st.lists(measures(), max_size=2))),
        weight=draw(UNITS),
        when=draw(st.just(When()) | WHENS),
        exceptions=tuple(draw(st.lists(EXCEPTIONS, max_size=2))),
        overrides=draw(few(IDS)) if kind == "normal" else (),
        tests=draw(st.just(RuleTests()) | TESTS),
        origin=draw(st.just(Origin()) | ORIGINS),
    )


@st.composite
def rule_sets(draw: st.DrawFn, scenes: st.SearchStrategy[str] = SCENES, least: int = 0) -> RuleSet:
    scene = draw(scenes)
    drawn = draw(st.lists(rules(scene), min_size=least, max_size=4, unique_by=lambda rule: rule.id))
    return RuleSet(
        scene=scene,
        place=draw(st.sampled_from(get_args(Place))),
        cameras=draw(st.sampled_from(get_args(Cameras))),
        local_only=draw(st.booleans()),
        threshold=draw(UNITS),
        rules=tuple(drawn),
    )
