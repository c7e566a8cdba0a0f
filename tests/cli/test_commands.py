"""The command line: help, exit codes, one-sentence errors, and text of others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from ruler import cli
from ruler.cli import app as tree
from rules_store.store import Store
from tests.scenes import SCENE, Brightness, Workplace, wavy

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Ended:
    """What a command left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """The one error on stderr."""
        assert self.code in (2, 3), self
        assert self.err.startswith("ruler: ") and self.err.count("\n") == 1, self.err
        assert "Traceback" not in self.err
        return self.err.removeprefix("ruler: ").strip()


Ruler = Callable[..., Ended]


@pytest.fixture
def ruler(
    yard: Workplace, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Ruler:
    """The command in this process, over the yard's store and runs."""
    monkeypatch.setenv("RULER_STORE", str(yard.folder / "store"))
    monkeypatch.setenv("RULER_RUNS", str(yard.folder / "runs"))
    monkeypatch.setenv("RULER_AUTHOR", "kim")
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["ruler", *map(str, arguments)])
        capfd.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        sys.stdout.flush()
        return Ended(code, *capfd.readouterr())

    return run


@pytest.fixture
def clip(yard: Workplace) -> str:
    return yard.clip("one", wavy(60, seed=41, loud=[(20, 40)]))


def detect(ruler: Ruler, *arguments: object) -> Ended:
    return ruler("detect", *arguments, "--scene", SCENE, "--fps", "10", "--workers", "1")


# Help.


def commands() -> dict[str, Any]:
    root = typer.main.get_command(tree.app)
    found: dict[str, Any] = {}
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", None)
        found |= {f"{name} {sub}": c for sub, c in below.items()} if below else {name: command}
    return found


def test_the_commands_of_the_design_are_there() -> None:
    wanted = {"induce", "detect", "eval", "explain", "demo", "doctor", "help"}
    wanted |= {f"rules {name}" for name in ("list", "show", "export", "import")}
    assert wanted <= set(commands())


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_has_help_with_an_example(ruler: Ruler, name: str) -> None:
    ended = ruler(*name.split(), "--help")
    assert ended.code == 0
    assert f"Example: ruler {name}" in " ".join(ended.out.split())


def test_help_is_light() -> None:
    heavy = {"cv2", "numpy", "sqlalchemy", "langgraph", "pydantic", "av", "plotly"}
    code = (
        "import sys\nfrom ruler.cli import main\nsys.argv = ['ruler', '--help']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        f"print('loaded', *sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == "loaded\n"
    assert "induce" in done.stdout


def test_topics(ruler: Ruler) -> None:
    listed = ruler("help")
    *topics, closing = listed.out.splitlines()
    assert "ruler help TOPIC" in closing and len(topics) >= 10
    for line in topics:
        shown = ruler("help", line.split()[0])
        assert shown.code == 0 and shown.out.strip(), line
    assert "speed_ratio" in ruler("help", "facts").out
    assert "[0, 1]" in ruler("help", "scores").out
    assert "there is no topic 'x'; topics: files, rules, facts" in ruler("help", "x").sentence


# Exit codes, and sentences.


def test_a_detection_from_end_to_end(ruler: Ruler, yard: Workplace, clip: str) -> None:
    ended = detect(ruler, clip, "--run-id", "mine")
    assert (ended.code, ended.err) == (0, "")
    assert "one as a whole: anomaly" in ended.out
    assert "one#1" in ended.out and "60 frames scored, coverage 100.0%" in ended.out
    assert str(yard.folder / "runs" / "mine" / "report.html") in ended.out.replace("\n", "")
    told = ruler("explain", "mine", "one#1")
    assert told.code == 0
    assert f"{SCENE}.fast" in told.out and f"{SCENE}@1" in told.out
    assert "match " in told.out and "speed" in told.out
    [event] = ruler("explain", "mine", "--json").data
    assert event["event"]["id"] == "one#1"
    assert event["key_frame"]["evidence"]
    assert event["clip"]["outcome"] == "anomaly"
    assert "one as a whole: anomaly" in ruler("explain", "mine").out
    assert "as a whole" not in told.out
    assert "has no event 'one#7'; its events: one#1." in ruler("explain", "mine", "one#7").sentence
    assert "there is no run 'nope'" in ruler("explain", "nope").sentence


def test_detect_as_data(ruler: Ruler, yard: Workplace, clip: str) -> None:
    ended = detect(ruler, clip, "--run-id", "mine", "--json")
    data = ended.data
    assert ended.code == 0
    assert data["folder"] == str(yard.folder / "runs" / "mine")
    assert data["state"] == "done"
    assert data["coverage"] == {"normal": 40, "anomaly": 20, "undetermined": 0, "failed": 0}
    assert data == {
        **json.loads((yard.folder / "runs" / "mine" / "run.json").read_bytes()),
        "folder": data["folder"],
    }


def test_a_quiet_clip_has_no_event(ruler: Ruler, yard: Workplace) -> None:
    detect(ruler, yard.clip("calm", wavy(20)), "--run-id", "calm")
    told = ruler("explain", "calm").out
    assert told.startswith("calm as a whole: normal, highest score 0.")
    assert "first     normal, by its frames: no frame alarms" in told
    assert told.endswith("\n\nThis run has no event.\n")


def test_incomplete_runs_end_with_three(
    ruler: Ruler, yard: Workplace, clip: str, captioner: Brightness
) -> None:
    captioner.refused = {7}
    ended = detect(ruler, clip, "--run-id", "mine")
    assert ended.code == 3
    assert "1 frame failed" in ended.err and "ruler detect --resume mine" in ended.err
    captioner.refused = set()
    assert ruler("detect", "--resume", "mine").code == 0
    ended = detect(ruler, clip, yard.folder / "gone.mp4")
    assert ended.code == 3
    assert "gone.mp4: " in ended.err


def test_bad_clips_end_with_two(ruler: Ruler, yard: Workplace) -> None:
    ended = detect(ruler, yard.folder / "x.mp4", yard.folder / "y.mp4")
    assert ended.code == 2
    lines = ended.err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"ruler: {yard.folder}/") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["detect"], "name the clips and the scene"),
        (["detect", "CLIP"], "name the clips and the scene"),
        (["detect", "CLIP", "--scene", "nosuch"], "no rules for scene 'nosuch' (scenes: yard)"),
        (["detect", "CLIP", "--scene", "No Such"], "no rules for scene 'No Such'"),
        (["detect", "--resume", "nosuch"], "there is no run 'nosuch'"),
        (["detect", "CLIP", "--resume", "nosuch"], "leave them out"),
        (
            ["detect", "CLIP", "--scene", "yard", "--every", "5x"],
            "--every takes 0.5s, 10f or all, not '5x'",
        ),
        (["detect", "CLIP", "--scene", "yard", "--every", "0s"], "--every takes"),
        (["detect", "CLIP", "--scene", "yard", "--every", f"{'9' * 400}s"], "--every takes"),
        (
            ["detect", "CLIP", "--scene", "yard", "--smoothing", "median"],
            "--smoothing takes gaussian",
        ),
        (
            ["detect", "CLIP", "--scene", "yard", "--smoothing", "ema:-1"],
            "--smoothing takes gaussian",
        ),
        (
            ["detect", "CLIP", "--scene", "yard", "--smoothing", "ema:nan"],
            "--smoothing takes gaussian",
        ),
        (
            ["detect", "CLIP", "--scene", "yard", "--start-time", "noon"],
            "--start-time takes a time like",
        ),
        (["detect", "CLIP", "--scene", "yard", "--revision", "9"], "no revision 9; it has 1 to 1"),
        (["detect", "CLIP", "--scene", "yard", "--captioner", "motoin"], "Did you mean 'motion'?"),
        (["detect", "CLIP", "--scene", "yard", "--reasoner", "x"], "no reasoner is called 'x'"),
        (["detect", "CLIP", "--scene", "yard", "--taxonomy", "x"], "x"),
        (["detect", "CLIP", "--scene", "yard", "--fps", "-1"], "--fps"),
        (["detect", "CLIP", "--scene", "yard", "--fps", "nan"], "--fps"),
        (["detect", "CLIP", "--scene", "yard", "--run-id", "../x"], "a run's id has letters"),
        (["induce", "CLIP", "--scene", "Front Door"], "a scene's name has small letters"),
        (["induce", "CLIP", "--scene", "x", "--place", "moon"], "--place takes one of walkway"),
        (
            ["induce", "CLIP", "--scene", "x", "--cameras", "two"],
            "--cameras takes one of one, many",
        ),
        (["induce", "CLIP", "--scene", "x", "--fps", "0"], "--fps"),
        (["induce", "gone.mp4", "--scene", "x"], "gone.mp4: "),
        (["rules", "list", "nosuch"], "no rules for scene 'nosuch'"),
        (["rules", "list", "yard@x"], "a revision is a number, as in yard@3, not 'x'"),
        (["rules", "list", "yard@7"], "no revision 7"),
        (["rules", "show", "yard.nosuch"], "yard@1 has no rule 'yard.nosuch'"),
        (
            ["rules", "export", "yard", "--out", "/nosuch/x.yaml"],
            "/nosuch/x.yaml cannot be written",
        ),
        (["rules", "import", "gone.yaml"], "gone.yaml: there is no such file"),
        (["rules", "list", "--store", "/dev/null/x"], "cannot be created"),
        (["eval", "gone.yaml"], "gone.yaml"),
        (["explain", "nosuch"], "there is no run 'nosuch'"),
    ],
)
def test_mistakes_are_one_sentence(
    ruler: Ruler, clip: str, arguments: list[str], said: str
) -> None:
    ended = ruler(*(clip if argument == "CLIP" else argument for argument in arguments))
    assert said in ended.sentence
    assert ended.out == ""


def test_a_bad_environment_is_one_sentence(ruler: Ruler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RULER_WORKERS", "many")
    assert "the environment is wrong: RULER_WORKERS: " in ruler("rules", "list").sentence


def test_debug_shows_where(ruler: Ruler) -> None:
    from ruler.errors import NotFoundError

    with pytest.raises(NotFoundError):
        ruler("rules", "list", "nosuch", "--debug")
    with pytest.raises(NotFoundError):
        ruler("--debug", "rules", "list", "nosuch")


def test_a_bug_is_one_sentence(ruler: Ruler, clip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from graphs import deps, stages

    def bug(deps: object) -> None:
        raise ZeroDivisionError("oops \x1b[31m")

    monkeypatch.setattr(stages, "smooth_clip", bug)
    monkeypatch.setattr(deps, "MOST_SAMPLES", 0)  # through the graph, though all is captioned
    said = detect(ruler, clip).sentence
    assert "did not foresee (ZeroDivisionError: oops" in said
    assert "--debug" in said and "\x1b" not in said
    with pytest.raises(ZeroDivisionError):
        detect(ruler, clip, "--debug")


# Text of others is data.

HOSTILE = "e\x1b[31mvil\nruler: all is well [bold red]x[/] :warning: $(touch pwned) '\"; --.d"


def test_hostile_names_are_printed_safely(ruler: Ruler, yard: Workplace) -> None:
    clip = yard.clip(HOSTILE, wavy(60, seed=41, loud=[(20, 40)]))
    gone = str(yard.folder / f"gone {HOSTILE}")
    shown = HOSTILE.replace("\x1b", "\N{REPLACEMENT CHARACTER}").replace(
        "\n", "\N{REPLACEMENT CHARACTER}"
    )
    ended = detect(ruler, clip, gone, "--run-id", "mine")
    assert ended.code == 3
    for text in (ended.out, ended.err, ruler("explain", "mine").out):
        assert "\x1b" not in text
        assert not [line for line in text.splitlines() if line.startswith("ruler: all is well")]
    assert f"{shown}#1" in ended.out
    assert f"gone {shown}: " in ended.err and ended.err.count("\n") == 1
    assert f"{shown}#1" in ruler("explain", "mine").out
    [event] = ruler("explain", "mine", "--json").data
    assert event["event"]["clip"] == HOSTILE
    report = (yard.folder / "runs" / "mine" / "report.html").read_text()
    assert "\x1b" not in report
    induced = ruler("induce", gone, clip, "--scene", "other", "--captioner", "lightmeter")
    assert induced.code == 3
    assert "\x1b" not in induced.err and f"gone {shown}" in induced.err


def test_a_name_that_is_no_text(ruler: Ruler, yard: Workplace) -> None:
    """A name in bytes that are not UTF-8 cannot be written down; other clips are judged."""
    good = yard.clip("good", wavy(20))
    bad = os.fsencode(yard.folder) + b"/caf\xe9"
    try:
        Path(yard.clip("x", wavy(20))).rename(os.fsdecode(bad))
    except OSError:
        pytest.skip("this file system has no such names")
    said = ruler("induce", good, os.fsdecode(bad), "--scene", SCENE).sentence
    assert said.endswith("caf\N{REPLACEMENT CHARACTER}: its name is not UTF-8. Rename it.")
    found = detect(ruler, good, os.fsdecode(bad), "--run-id", "both")
    assert found.code == 3
    assert (
        "caf\\xe9: its name is not UTF-8, or there is no such file or folder. Rename" in found.err
    )
    assert "good as a whole: normal" in found.out
    again = ruler("detect", "--resume", "both")
    assert (again.code, "caf\\xe9: its name" in again.err) == (3, True)


def test_markup_in_rules_is_printed_as_it_is(ruler: Ruler, yard: Workplace) -> None:
    source = yard.store.scenes.revision(SCENE).source
    source = source.replace("title: Something moves faster", "title: '[red]Fast[/] :warning:' #")
    path = yard.folder / "rules.yaml"
    path.write_text(source)
    assert ruler("rules", "import", path, "--reason", "[blink]why\n[/]").code == 0
    shown = ruler("rules", "show", f"{SCENE}.fast").out
    assert "[red]Fast[/] :warning:" in shown
    assert "[blink]why" in shown


# Rules.


def test_rules_out_and_in_again_byte_for_byte(ruler: Ruler, yard: Workplace) -> None:
    path = yard.folder / "rules.yaml"
    assert ruler("rules", "export", SCENE, "--out", path).code == 0
    source = yard.store.scenes.revision(SCENE).source
    assert path.read_bytes() == source.encode()
    assert ruler("rules", "export", SCENE).out == source
    assert "Nothing new: yard@1" in ruler("rules", "import", path).out
    edited = "# Ümläute, and\ttabs  \n" + source.replace("above: 1.2", "above: 1.5") + "\n\n"
    path.write_bytes(edited.encode())
    assert "Saved as yard@2, active" in ruler("rules", "import", path).out
    other = yard.folder / "other.yaml"
    ruler("rules", "export", SCENE, "-o", other)
    assert other.read_bytes() == edited.encode()
    ruler("rules", "export", f"{SCENE}@1", "-o", other)
    assert other.read_bytes() == source.encode()


def test_a_broken_file_has_all_its_problems_told(ruler: Ruler, yard: Workplace) -> None:
    path = yard.folder / "rules.yaml"
    path.write_text(
        "schema: ruler/rules/v1\nscene: yard\nrules:\n"
        "  - id: yard.a\n    kind: odd\n    statement: x\n    titel: y\n"
        "  - id: other.b\n    title: z\n    kind: anomaly\n    statement: x\n    weight: 7\n"
    )
    ended = ruler("rules", "import", path)
    assert ended.code == 2
    lines = ended.err.splitlines()
    assert len(lines) >= 4
    places = [line.removeprefix("ruler: ") for line in lines]
    assert all(place.startswith(f"{path}:") for place in places)
    for wrong in ("titel", "kind", "weight", "other.b"):
        assert wrong in ended.err
    assert yard.store.scenes.numbers(SCENE) == [1]


def test_rules_are_listed(ruler: Ruler) -> None:
    assert "yard  active revision 1, 1 revision, place: home\n" in ruler("rules", "list").out
    assert ruler("rules", "list", "--json").data == [
        {"name": "yard", "active_revision": 1, "revisions": 1, "place": "home", "cameras": "one"}
        | {"open_proposals": []}
    ]
    assert f"{SCENE}.fast" in ruler("rules", "list", SCENE).out
    data = ruler("rules", "list", f"{SCENE}@1", "--json").data
    assert data["revision"] == "yard@1"
    assert f"{SCENE}.fast" in [rule["id"] for rule in data["rules"]]
    assert ruler("rules", "show", f"{SCENE}.fast@1", "--json").data["id"] == f"{SCENE}.fast"


def test_an_empty_store_says_how_to_begin(ruler: Ruler, tmp_path: Path) -> None:
    assert "ruler induce" in ruler("rules", "list", "--store", tmp_path / "new").out


# Learning.


def test_a_dry_run_saves_nothing(ruler: Ruler, yard: Workplace) -> None:
    references = [*yard.references, "--captioner", "lightmeter", "--fps", "10", "--place", "home"]
    ended = ruler("induce", *references, "--scene", "new", "--dry-run")
    assert ended.code == 0
    assert "Dry run: nothing was saved." in ended.out and "new.fast" in ended.out
    assert [info.name for info in yard.store.scenes.overview()] == [SCENE]
    again = ruler("induce", *references, "--scene", SCENE)
    assert "Nothing new: yard@1 says the same already." in again.out


def test_a_proposal_waits_until_it_is_activated(ruler: Ruler, yard: Workplace) -> None:
    more = yard.clip("more", [level + 60 for level in wavy(30)])
    options = ["--scene", SCENE, "--captioner", "lightmeter", "--fps", "10", "--place", "home"]
    proposed = ruler("induce", *yard.references, more, *options)
    assert proposed.code == 0
    assert "Saved as yard@2, a proposal: what is active stays." in proposed.out
    assert (
        "yard  active revision 1, 2 revisions, place: home, waiting: yard@2"
        in ruler("rules", "list").out
    )
    chosen = ruler("induce", *yard.references, more, *options, "--activate", "--json").data
    assert (chosen["revision"], chosen["is_new"], chosen["is_active"]) == (3, True, True)
    assert "yard  active revision 3, 3 revisions" in ruler("rules", "list").out
    assert yard.store.scenes.revision(SCENE, 2).author == "kim"


def test_learning_with_a_bad_reference_ends_with_three(ruler: Ruler, yard: Workplace) -> None:
    ended = ruler("induce", *yard.references, yard.folder / "gone", "--scene", "new")
    assert ended.code in (2, 3)  # whatever the motion captioner makes of tiny pictures
    options = ["--captioner", "lightmeter", "--fps", "10"]
    ended = ruler("induce", *yard.references, yard.folder / "gone", "--scene", "new", *options)
    assert ended.code == 3
    assert f"ruler: {yard.folder}/gone: " in ended.err


def test_evaluation_from_the_command(
    ruler: Ruler, yard: Workplace, clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ruler.evaluation import clips as protocol
    from ruler.jobs.induce import InduceRequest

    monkeypatch.setattr(
        protocol,
        "InduceRequest",
        lambda **values: InduceRequest(**{**values, "captioner": "lightmeter"}),
    )
    path = yard.folder / "dataset.yaml"
    path.write_text(
        "schema: ruler/dataset/v1\nkind: clips\nname: '[b]yard'\nplace: home\nfps: 10\n"
        "reference: [references/a, references/b, references/c]\n"
        "test: [{clip: clips/one, label: 1}]\n"
    )
    out = yard.folder / "figures.json"
    ended = ruler("eval", path, "--json", out, "--workers", "1")
    assert ended.code == 0
    assert "[b]yard (clips): 60 frames" in ended.out
    assert "coverage" in ended.out and "not defined" in ended.out
    [result] = json.loads(out.read_bytes())["results"]
    assert result["metrics"]["auc"] is None
    sifted = ruler("eval", path, "--sample", "adaptive", "--workers", "1")
    assert sifted.code == 0
    assert "[b]yard (clips): 60 frames" in sifted.out
    monkeypatch.setenv("RULER_MAX_PIXELS", "100")
    refused = ruler("eval", path)
    assert refused.code == 2
    assert "16 x 12 pixels, which is more than ruler reads" in refused.err


def test_doctor_finds_a_broken_store(ruler: Ruler, tmp_path: Path) -> None:
    good = ruler("doctor", "--json")
    assert {finding["state"] for finding in good.data} <= {"ok", "note"}
    (tmp_path / "ruler.sqlite").write_text("this is no database " * 50)
    bad = ruler("doctor", "--store", tmp_path)
    assert bad.code == 1 and "not a database" in bad.out


def test_another_store_by_option(ruler: Ruler, yard: Workplace, tmp_path: Path) -> None:
    path = yard.folder / "rules.yaml"
    ruler("rules", "export", SCENE, "-o", path)
    assert ruler("rules", "import", path, "--store", tmp_path / "b").code == 0
    with Store(tmp_path / "b") as other:
        assert other.scenes.revision(SCENE).source == path.read_text()
        assert other.scenes.revision(SCENE).author == "kim"


def test_rules_test_tells_rule_line_span_and_reason(ruler: Ruler, tmp_path: Path) -> None:
    file = tmp_path / "door.yaml"
    head = "schema: ruler/rules/v1\nscene: door\nthreshold: 0.5\nrules:\n"
    rule = "- {id: door.runs, title: Runs, kind: anomaly, statement: Runs., look_for: [running],\n"
    file.write_text(
        f'{head}{rule}  tests: {{fire: ["A man runs.", "Nobody is [red]running."]}}}}\n'
    )
    ended = ruler("rules", "test", file)
    assert ended.code == 1
    assert f"{file}:6" in ended.out
    assert '"run" is negated' in ended.out
    assert "Nobody is [red]running." in ended.out
    assert ruler("rules", "test", file, "--json").data["counts"] == {"passed": 1, "failed": 1}
    file.write_text(f'{head}{rule}  tests: {{fire: ["A man runs."]}}}}\n')
    assert ruler("rules", "test", file).code == 0
    assert "door.runs" in ruler("rules", "test", file, "door.walks").sentence
