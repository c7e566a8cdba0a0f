"""Feedback on a small scene: what is proposed, what it does on stored captions, what is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ruler.errors import InputError, NotFoundError
from ruler.jobs.detect import DetectRequest, detect
from ruler.jobs.feedback import give_feedback
from ruler.jobs.rule_tests import run_rule_tests
from ruler.jobs.said import Answered, Said
from ruler.jobs.tools import Machine
from ruler.schemas.rules import Revision
from ruler.steps.approving import as_approved
from rules_store.scenes import NewRevision
from rules_store.store import Store
from tests.scenes import SCENE, Workplace, wavy, write_pictures

WALKS = "A person is walking past the house."
COURIER = "A courier is standing at the door. He has a large parcel and a yellow van is behind him."
HOOD = "A man in a hood is standing at the door and looks around. A yellow van is behind him."
CLIMBS = "A boy is climbing over the garden fence."
DAY = [WALKS] * 20 + [COURIER] * 12 + [WALKS] * 28 + [HOOD] * 15 + [WALKS] * 10 + [CLIMBS] * 8
RULES = """schema: ruler/rules/v1
scene: door
threshold: 0.5
rules:
  - id: door.usual-doings
    title: Usual
    kind: normal
    statement: People walk.
    look_for: [walking]  # what they do
  - id: door.lingers
    title: Somebody stands at the door
    kind: anomaly
    statement: A person stays at the door.
    look_for: [standing at the door]
    weight: 0.8
    tests:
      fire: [{fire}]
"""


class Door:
    """A scene whose captions are replayed, with one run over the clip `day`."""

    def __init__(self, folder: Path, texts: Sequence[str] = DAY, fire: str = "") -> None:
        folder.mkdir()
        self.folder, self.store = folder, Store(folder / "store")
        source = RULES.replace("{fire}", fire or "A man is standing at the door.")
        self.recording = folder / "said.jsonl"
        self.recording.touch()
        new = NewRevision("door", source, "kim", "first", captioner=f"replay:{self.recording}")
        self.store.scenes.save(new)
        self.run = self.detect("day", texts)

    def detect(self, clip: str, texts: Sequence[str]) -> str:
        with self.recording.open("a", encoding="utf-8") as lines:
            for frame, text in enumerate(texts):
                line = {"clip": clip, "frame_index": frame, "text": text}
                lines.write(json.dumps(line) + "\n")
        pictures = write_pictures(self.folder / clip, wavy(len(texts)))
        machine = Machine(store=self.store, runs=self.folder / "runs")
        asked = DetectRequest(clips=[pictures], scene="door", frame_rate=10.0)
        return detect(asked, machine).record.spec.id

    def false_alarm(self, event: str, reason: str, **options: bool) -> Answered:
        said = Said(self.run, "false-alarm", reason, "kim", event=event, **options)
        return give_feedback(self.store, said)

    def missed(self, start: float, stop: float, reason: str, **options: bool) -> Answered:
        said = Said(self.run, "missed", reason, "kim", clip="day", seconds=(start, stop), **options)
        return give_feedback(self.store, said)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path / "door")


def saved(answered: Answered) -> Revision:
    assert answered.revision is not None
    return answered.revision


# A false alarm of a measured rule.


@pytest.fixture
def fast(yard: Workplace) -> str:
    clip = yard.clip("one", wavy(120, seed=41, loud=[(20, 40), (80, 100)]))
    return yard.detect([clip]).record.spec.id


def test_a_bound_moves_past_what_was_measured(yard: Workplace, fast: str) -> None:
    said = Said(fast, "false-alarm", "children run here", "kim", event="one#1")
    answered = give_feedback(yard.store, said)
    proposal = saved(answered)
    rule = proposal.rule_set.rule("yard.fast")
    assert rule is not None and rule.status == "draft"
    [measure] = rule.measures
    assert measure.above is not None and 2.24 < measure.above < 2.3
    assert f"more than {measure.above:g} times" in rule.statement
    assert rule.tests.quiet == (f"run:{fast}/one#34",)
    assert (len(answered.before), answered.after, len(answered.lost)) == (1, (), 1)
    assert answered.is_confirmed


def test_a_proposal_touches_one_rule_and_is_not_in_force(yard: Workplace, fast: str) -> None:
    active = yard.store.scenes.revision(SCENE)
    said = Said(fast, "false-alarm", "children run here", "kim", event="one#1")
    proposal = saved(give_feedback(yard.store, said))
    assert yard.store.scenes.revision(SCENE) == active
    assert yard.store.decisions.open_proposals(SCENE) == [proposal.ref.revision]
    changed = [r.id for r in proposal.rule_set.rules if r != active.rule_set.rule(r.id)]
    assert changed == ["yard.fast"]
    assert (proposal.captioner, proposal.asking) == (active.captioner, active.asking)
    assert proposal.scene_model_sha256 == active.scene_model_sha256
    assert "one#1" in proposal.reason and "children run here" in proposal.reason
    tested = run_rule_tests(proposal.source, yard.store, name="proposal")
    assert tested.counts == {"passed": 1}


def test_what_was_said_is_kept_with_its_proposal(yard: Workplace, fast: str) -> None:
    said = Said(fast, "false-alarm", "children run here", "kim", event="one#2")
    proposal = saved(give_feedback(yard.store, said))
    [kept] = yard.store.feedback.of_scene(SCENE)
    assert (kept.run_id, kept.clip, kept.kind, kept.author) == (fast, 0, "false-alarm", "kim")
    assert (kept.start_frame, kept.stop_frame, kept.revision) == (80, 100, proposal.ref.revision)


def test_a_dry_run_saves_nothing(yard: Workplace, fast: str) -> None:
    said = Said(fast, "false-alarm", "children", "kim", event="one#1", is_dry_run=True)
    answered = give_feedback(yard.store, said)
    assert answered.is_confirmed and answered.revision is None
    assert yard.store.scenes.numbers(SCENE) == [1]
    assert yard.store.feedback.of_scene(SCENE) == []


def test_an_open_proposal_that_ends_it_already_is_named(yard: Workplace, fast: str) -> None:
    first = Said(fast, "false-alarm", "children", "kim", event="one#1")
    second = Said(fast, "false-alarm", "children again", "kim", event="one#2")
    proposal = saved(give_feedback(yard.store, first))
    answered = give_feedback(yard.store, second)
    assert answered.revision is None and str(proposal.ref) in answered.note
    assert [kept.revision for kept in yard.store.feedback.of_scene(SCENE)] == [2, None]


def test_a_run_of_another_scene_model_is_refused(yard: Workplace, fast: str) -> None:
    source = yard.store.scenes.revision(SCENE).source
    yard.store.scenes.save(NewRevision(SCENE, source + "# new\n", "kim", "no model"))
    said = Said(fast, "false-alarm", "children", "kim", event="one#1")
    with pytest.raises(InputError, match="another scene model"):
        give_feedback(yard.store, said)


# A false alarm of words.


def test_an_exception_takes_a_word_of_the_reason(door: Door) -> None:
    answered = door.false_alarm("day#1", "the courier brought a parcel")
    rule = saved(answered).rule_set.rule("door.lingers")
    assert rule is not None
    [exception] = rule.exceptions
    assert exception.unless in ("courier", "parcel")
    assert exception.name == "the courier brought a parcel"
    assert rule.tests.quiet == (f"run:{door.run}/day#20",)
    assert answered.is_confirmed and answered.lost == answered.gained == ()
    assert "# what they do" in saved(answered).source


def test_without_a_word_of_the_reason_one_is_taken_that_other_alarms_lack(door: Door) -> None:
    answered = door.false_alarm("day#1", "nothing wrong there")
    [change] = answered.changes
    [exception] = change.rule.exceptions
    assert exception.unless not in HOOD.lower()
    assert "the reason names no word" in change.said
    assert answered.is_confirmed and not answered.lost


def test_an_exception_never_silences_what_must_fire(tmp_path: Path) -> None:
    door = Door(tmp_path / "door", fire="A courier is standing at the door.")
    [change] = door.false_alarm("day#1", "the courier brought a parcel").changes
    [exception] = change.rule.exceptions
    assert exception.unless == "parcel"


def test_where_no_word_tells_it_apart_the_weight_falls(tmp_path: Path) -> None:
    standing = "A person is standing at the door."
    texts = [WALKS] * 20 + [standing] * 12 + [WALKS] * 40 + [standing] * 12 + [WALKS] * 10
    door = Door(tmp_path / "door", texts)
    answered = door.false_alarm("day#1", "that is me")
    [change] = answered.changes
    assert (change.sort, change.frame) == ("weight", None)
    assert change.rule.weight < 0.5
    assert answered.is_confirmed and len(answered.lost) == 1


def test_alarms_of_other_runs_that_would_go_are_counted(door: Door) -> None:
    door.detect("later", [WALKS] * 10 + [COURIER] * 20 + [WALKS] * 10)
    answered = door.false_alarm("day#1", "the courier brought a parcel")
    assert answered.elsewhere == 1


def test_a_second_proposal_carries_the_first_along(door: Door) -> None:
    first = saved(door.false_alarm("day#1", "the courier"))
    answered = door.false_alarm("day#2", "the man with the hood is our son")
    second = saved(answered)
    assert answered.built_on == {"door.lingers": str(first.ref)}
    assert str(first.ref) in second.reason
    active = door.store.scenes.revision("door").rule_set
    rule = as_approved(second.rule_set, active).rule("door.lingers")
    assert rule is not None
    assert [e.unless for e in rule.exceptions] == ["courier", "hood"]
    assert answered.is_confirmed


# What was missed.


def test_a_missed_doing_becomes_a_rule_of_its_words(door: Door) -> None:
    answered = door.missed(8.6, 9.0, "a boy climbs over the fence")
    proposal = saved(answered)
    rule = proposal.rule_set.rule("door.climbs-fence")
    assert rule is not None and (rule.status, rule.kind) == ("draft", "anomaly")
    assert rule.look_for == ("climbing fence",)
    assert rule.title == "A boy climbs over the fence"
    [entry] = rule.tests.fire
    assert entry.startswith(f"run:{door.run}/day#8")
    assert (rule.origin.by, rule.origin.note) == ("person", "a boy climbs over the fence")
    assert rule.origin.references == (entry.removeprefix("run:"),)
    assert answered.is_confirmed and answered.after[0].rules == (rule.id,)
    assert run_rule_tests(proposal.source, door.store, name="p").counts == {"passed": 2}


def test_without_telling_words_the_news_is_looked_for(door: Door) -> None:
    [change] = door.missed(8.7, 8.7, "odd", is_dry_run=True).changes
    assert change.rule.look_for == ("climbing",)


def test_what_is_usual_makes_no_rule(door: Door) -> None:
    answered = door.missed(5.0, 5.0, "people walking")
    assert not answered.is_confirmed and answered.revision is None
    assert door.store.scenes.numbers("door") == [1]
    assert door.store.feedback.of_scene("door") == []


def test_an_alarm_that_is_there_was_not_missed(door: Door) -> None:
    answered = door.missed(6.5, 7.0, "a man in a hood")
    assert "already" in answered.note and not answered.changes


def test_the_same_miss_is_proposed_once(door: Door) -> None:
    proposal = saved(door.missed(8.6, 9.0, "a boy climbs over the fence"))
    answered = door.missed(8.7, 9.1, "climbing")
    assert str(proposal.ref) in answered.note and answered.revision is None


def test_a_missed_measure_becomes_a_bound_below_it(yard: Workplace) -> None:
    active = yard.store.scenes.revision(SCENE)
    source = active.source.replace("above: 1.2", "above: 9")
    assert source != active.source
    yard.store.scenes.save(
        NewRevision(
            SCENE,
            source,
            "kim",
            "raised",
            scene_model_sha256=active.scene_model_sha256,
            captioner=active.captioner,
        )
    )
    levels = [150 if 30 <= n < 38 else level for n, level in enumerate(wavy(100, seed=5))]
    run = yard.detect([yard.clip("two", levels)]).record.spec.id
    said = Said(run, "missed", "someone was running", "kim", clip="two", seconds=(3.3, 3.3))
    answered = give_feedback(yard.store, said)
    rule = saved(answered).rule_set.rule("yard.running")
    assert rule is not None
    [measure] = rule.measures
    assert measure.fact == "speed_ratio"
    assert measure.above is not None and 1.1 < measure.above < 1.5
    assert answered.is_confirmed and not answered.gained


def test_places_that_are_not_there_are_refused(door: Door) -> None:
    with pytest.raises(NotFoundError, match="its events: day#1, day#2"):
        door.false_alarm("day#9", "x")
    with pytest.raises(NotFoundError, match="no run"):
        give_feedback(door.store, Said("none", "false-alarm", "x", "kim", event="day#1"))
    with pytest.raises(InputError, match=r"up to 9\.2 seconds"):
        door.missed(30.0, 40.0, "x")
    said = Said(door.run, "missed", "x", "kim", clip="night", seconds=(1.0, 1.0))
    with pytest.raises(NotFoundError, match="its clips: day"):
        give_feedback(door.store, said)
