"""Rules from labelled answers: selected, ordered, weighed, and saved as an ordinary revision."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ruler import cli
from ruler.errors import InputError
from ruler.jobs.from_answers import Learned, LearnRequest, learn_from_answers
from ruler.schemas.rules import Rule
from rules_store.rule_files import edit_rules, parse_rules
from rules_store.scenes import NewRevision
from rules_store.store import Store

BEAR, PARCEL, DOG = "A bear walks by.", "A man is placing a package.", "A dog is on the lawn."


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Bears are abnormal, deliveries normal, and here dogs may be on the lawn."""
    rows = [(BEAR, 1)] * 8 + [(PARCEL, 0)] * 6 + [(DOG, 0)] * 7
    answers, truth = [], []
    for number, (text, label) in enumerate(rows):
        raw = json.dumps({"description": text, "anomaly": 1})
        answers.append(json.dumps({"id": f"c{number}", "raw": raw}))
        truth.append(json.dumps({"id": f"c{number}", "label": label, "categories": ["x"]}))
    (tmp_path / "a.jsonl").write_text("\n".join(answers))
    (tmp_path / "t.jsonl").write_text("\n".join(truth))
    path = tmp_path / "answers.yaml"
    path.write_text(
        "schema: ruler/dataset/v1\nkind: answers\nname: toy\nanswers: a.jsonl\ntruth: t.jsonl\n"
        "taxonomy: smart-home\n"
    )
    return path


def run(*arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["ruler", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return int(ended.value.code or 0)


def learned(path: Path, store: Store, **options: bool) -> Learned:
    return learn_from_answers(LearnRequest(path, "yard", **options), store)


def test_a_revision_of_rules_that_name_items(manifest: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        found = learned(manifest, store)
        first, second = found.rules[:2]
        assert (first.id, second.id) == (
            "yard.wildlife.dangerous-wildlife",
            "yard.security.scheduled-delivery",
        )
        assert (first.origin.votes, first.origin.by) == ("8/8", "taxonomy")
        assert set(first.origin.references) <= {f"c{number}" for number in range(8)}
        assert list(found.refused) == ["pet.unattended-pets"]
        assert found.revision is not None
        rule_set = found.revision.rule_set
        assert rule_set.rule("yard.pet.unattended-pets") is None
        fire = rule_set.rule("yard.other.severe-weather")
        assert fire is not None
        assert (fire.origin.votes, fire.weight) == (None, 0.8)
        assert parse_rules(found.revision.source).rules == rule_set.rules == found.rules
        assert found.revision.is_active
        assert not learned(manifest, store).is_new


def test_later_answers_are_a_proposal_beside_what_references_and_people_gave(
    manifest: Path, tmp_path: Path
) -> None:
    """An expert's edit wins, rules from references stay, and what is active goes on as it is."""
    with Store(tmp_path / "s.db") as store:
        first = learned(manifest, store).revision
        assert first is not None
        own = Rule(id="yard.own", title="Own", kind="anomaly", statement="Mine.", look_for=("ox",))
        bear = first.rule_set.rules[0].model_copy(update={"weight": 0.33})
        usual = Rule(
            id="yard.usual", title="Usual", kind="normal", statement="Usual.", look_for=("cat",)
        )
        for rules, by_induction in (((usual,), True), ((own, bear), False)):
            active = store.scenes.find("yard")
            assert active is not None
            others = {rule.id: rule for rule in active.rule_set.rules} | {r.id: r for r in rules}
            changed = active.rule_set.model_copy(update={"rules": tuple(others.values())})
            store.scenes.save(
                NewRevision(
                    scene="yard",
                    source=edit_rules(active.source, changed),
                    author="me",
                    reason="r",
                    by_induction=by_induction,
                )
            )
        later = learn_from_answers(LearnRequest(manifest, "yard", shots=8), store)
        assert later.revision is not None
        found = later.revision.rule_set
        assert (later.revision.is_proposal, later.revision.is_active) == (True, False)
        assert (found.rule("yard.own"), found.rule("yard.usual")) == (own, usual)
        assert found.rule(bear.id) == bear
        assert store.scenes.revision("yard").ref.revision == 3


def test_a_dry_run_saves_nothing(manifest: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        assert learned(manifest, store, is_dry_run=True).revision is None
        assert store.scenes.find("yard") is None


def test_another_kind_of_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "captions.yaml"
    path.write_text(
        "schema: ruler/dataset/v1\nkind: captions\nname: x\ncaptions: x.jsonl\nfps: 5\n"
    )
    with (
        Store(tmp_path / "s.db") as store,
        pytest.raises(InputError, match="kind answers"),
    ):
        learned(path, store)


def test_the_command_shows_rules_and_where_they_stand(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("induce", "--from-answers", str(manifest), "--scene", "yard", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["revision"], shown["left_out"]) == (1, ["pet.unattended-pets"])
    assert run("induce", "--from-answers", str(manifest), "--scene", "yard") == 0
    assert "right on 8 of the 8" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.parametrize("arguments", [[], ["clip.mp4", "--from-answers", "x.yaml"]])
def test_clips_or_answers_but_not_both(arguments: list[str]) -> None:
    assert run("induce", *arguments, "--scene", "yard") == 2
