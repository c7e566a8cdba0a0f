"""What users see of models: costs before and after, limits, privacy, caches, and raw answers."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ruler import cli
from ruler.reporting.spending import spending
from ruler.schemas.runs import Usage
from rules_store.store import Store
from tests.stubs.loopback import Headers, LoopbackServer, Wire
from tests.stubs.openai_server import OpenAIStub, completion
from tests.stubs.witness import Witness
from tests.studio import FRAMES, LOCAL_RULES, LOUD, MODEL, SCENE, Studio
from tests.video.clips import numbered


@dataclass
class Ended:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Ruler = Callable[..., Ended]


@pytest.fixture
def witness() -> Witness:
    return Witness(LOUD)


@pytest.fixture
def studio(tmp_path: Path, witness: Witness) -> Iterator[Studio]:
    with OpenAIStub(default=witness) as stub, Store(tmp_path / "store") as store:
        place = Studio(tmp_path, store, stub)
        place.learn()
        yield place


@pytest.fixture
def ruler(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Ruler:
    """The command in this process, over the studio."""
    monkeypatch.setenv("RULER_STORE", str(studio.folder / "store"))
    monkeypatch.setenv("RULER_RUNS", str(studio.folder / "runs"))
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


def detect(ruler: Ruler, studio: Studio, *arguments: object) -> Ended:
    """A detection by the stub, captions and reasoning alike."""
    models = ["--captioner", MODEL, "--reasoner", MODEL, "--base-url", studio.stub.url]
    return ruler("detect", studio.clip, "--scene", SCENE, "--every", "all", *models, *arguments)


# Money.


def test_an_estimate_comes_before_anything_else_and_ends_well(ruler: Ruler, studio: Studio) -> None:
    ended = detect(ruler, studio, "--estimate", "--max-calls", 3)
    assert (ended.code, ended.err) == (0, "")
    assert "Estimate for yard@1: 24 frames sampled in 1 clip (all), 0 known before." in ended.out
    assert "captions   openai:stub: 24 calls at most, 24 pictures" in ended.out
    assert "costs nothing: it is served on this machine" in ended.out
    assert studio.stub.calls == 0 and not (studio.folder / "runs").exists()
    data = detect(ruler, studio, "--estimate", "--json").data
    assert [(part["purpose"], part["calls"]) for part in data["parts"]] == [
        ("captions", FRAMES),
        ("matching", 2),
        ("clips", 1),
    ]
    by_clip = detect(ruler, studio, "--estimate", "--json", "--by", "clip").data
    assert [(part["purpose"], part["calls"]) for part in by_clip["parts"]] == [
        ("captions", FRAMES),
        ("clips", 2),
    ]


def test_an_estimate_of_learning_and_of_the_rest_of_a_run(ruler: Ruler, studio: Studio) -> None:
    models = ["--captioner", MODEL, "--reasoner", MODEL, "--base-url", studio.stub.url]
    learning = ruler("induce", studio.clip, "--scene", "other", *models, "--estimate")
    assert learning.code == 0 and "proposing  openai:stub: 3 calls at most" in learning.out
    assert studio.stub.calls == 0
    detect(ruler, studio, "--run-id", "cut", "--max-calls", 4)
    rest = ruler("detect", "--resume", "cut", "--estimate")
    assert (rest.code, studio.stub.calls) == (0, 4)
    assert re.search(r"captions   openai:stub: 2\d calls at most", rest.out)
    missing = ruler("detect", studio.clip, "gone.mp4", "--scene", SCENE, "--estimate")
    assert missing.code == 0 and "gone.mp4: " in missing.err
    assert "No model is asked." in missing.out


def test_a_price_that_nobody_lists_is_said(
    ruler: Ruler, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    models = ["--captioner", "openai:gpt-4o", "--reasoner", "openai:nobody-knows"]
    ended = ruler("detect", studio.clip, "--scene", SCENE, *models, "--every", "1s", "--estimate")
    assert ended.code == 0
    captions, matching = ended.out.split("  matching ")
    assert re.search(r"about \$0\.\d\d by list prices \(\$0\.\d\d if every answer", captions)
    assert "no list price" in matching and "no list price" not in captions


def test_what_it_cost_is_said_afterwards(ruler: Ruler, studio: Studio) -> None:
    first = detect(ruler, studio, "--run-id", "first")
    assert first.code == 0
    assert f"Captions: {FRAMES} made\n" in first.out
    assert f"Model calls: {studio.stub.calls}, {FRAMES} pictures\n" in first.out
    assert f"Tokens: {studio.stub.tokens_in:,} in, {studio.stub.tokens_out:,} out\n" in first.out
    assert "Cost" not in first.out
    report = (studio.folder / "runs" / "first" / "report.html").read_text()
    assert f"<dt>Model calls</dt><dd>{studio.stub.calls}, {FRAMES} pictures</dd>" in report
    again = detect(ruler, studio)
    assert f"Captions: {FRAMES} from the store\n" in again.out
    assert re.search(r"Model calls: none, \d+ more were answered before\n", again.out)
    assert "Tokens" not in again.out
    quiet = ruler("detect", studio.clip, "--scene", SCENE, "--every", "all")
    assert "Model calls" not in quiet.out and "Captions" not in quiet.out


def test_every_cost_has_its_words_and_nothing_has_none() -> None:
    whole = Usage(
        model_calls=1200,
        failed_calls=3,
        tokens_in=5_000_000,
        tokens_out=70,
        tokens_cached=4_000,
        images=1,
        cost_usd=1.5,
        unpriced_calls=2,
        captions_computed=5,
        captions_cached=6,
        captions_shared=7,
        answers_cached=8,
    )
    assert spending(whole) == [
        ("Captions", "5 made, 6 from the store, 7 shared with another frame"),
        ("Model calls", "1,200 (3 failed), 1 picture, 8 more were answered before"),
        ("Tokens", "5,000,000 in (4,000 cached), 70 out"),
        ("Cost", "$1.5000 by list prices, 2 calls have no list price"),
    ]
    assert spending(Usage()) == []


def test_learning_says_what_it_cost(ruler: Ruler, studio: Studio) -> None:
    models = ["--captioner", MODEL, "--reasoner", MODEL, "--base-url", studio.stub.url]
    ended = ruler("induce", studio.clip, "--scene", "other", "--every", "0.2s", *models)
    assert f"Model calls: {studio.stub.calls}, 12 pictures\n" in ended.out
    usage = ruler(
        "induce", studio.clip, "--scene", "third", "--every", "0.2s", *models, "--json"
    ).data["usage"]
    assert usage["images"] == 0 and usage["model_calls"] < studio.stub.calls


# Limits and failures.


def test_a_limit_ends_with_three_and_says_how_to_go_on(ruler: Ruler, studio: Studio) -> None:
    ended = detect(ruler, studio, "--max-calls", 3, "--run-id", "cut")
    assert ended.code == 3 and studio.stub.calls == 3
    assert "frames failed" in ended.err and "ruler detect --resume cut" in ended.err
    # As the sentence says, without repeating where the model is.
    assert ruler("detect", "--resume", "cut").code == 0
    assert ruler("explain", "cut").code == 0


def test_a_reasoner_that_is_away_ends_with_three(
    ruler: Ruler, studio: Studio, witness: Witness
) -> None:
    witness.silent_on, witness.silence = {"Rechecks"}, completion("")
    ended = detect(ruler, studio, "--run-id", "open")
    assert ended.code == 3
    assert f"{len(LOUD)} frames are undetermined because a model gave no answer" in ended.err
    assert "ruler detect --resume open" in ended.err
    witness.silent_on = set()
    assert ruler("detect", "--resume", "open").code == 0


def test_a_local_scene_is_refused_elsewhere_in_one_sentence(ruler: Ruler, studio: Studio) -> None:
    studio.learn(LOCAL_RULES)
    models = ["--captioner", MODEL, "--base-url", "http://models.example/v1"]
    ended = ruler("detect", studio.clip, "--scene", SCENE, *models)
    assert ended.code == 2 and ended.out == ""
    assert ended.err.startswith("ruler: this scene is local only, and model 'openai:stub'")
    assert ended.err.count("\n") == 1
    assert detect(ruler, studio).code == 0


# Caches.


def test_the_cache_is_shown_and_pruned(ruler: Ruler, studio: Studio) -> None:
    assert ruler("cache", "show").out == "No captions.\nNo answers.\n"
    detect(ruler, studio)
    shown = ruler("cache", "show")
    assert shown.code == 0
    assert re.search(r"model\W+24\W+\d+\.\d kB", shown.out)
    answers = ruler("cache", "show", "--json").data["answers"]
    assert [(kept["name"], kept["entries"]) for kept in answers] == [(MODEL, studio.stub.calls)]
    assert ruler("cache", "prune").out == "Nothing to delete.\n"
    assert ruler("cache", "prune", "--older-than", "30d").out == "Nothing to delete.\n"
    told = ruler("cache", "prune", "--older-than", "0d", "--dry-run")
    said = rf"Would delete {studio.stub.calls} answers of openai:stub, \d\.\d kB\n"
    assert re.fullmatch(said, told.out)
    gone = ruler("cache", "prune", "--older-than", "0d")
    assert gone.out == told.out.replace("Would delete", "Deleted")
    # The run needs none of them: its captions are referred to, and stay.
    calls = studio.stub.calls
    assert detect(ruler, studio, "--reasoner", "symbolic").code == 0
    assert studio.stub.calls == calls


def test_pruning_spares_what_an_unfinished_run_may_need(ruler: Ruler, studio: Studio) -> None:
    detect(ruler, studio, "--max-calls", 3, "--run-id", "cut")
    spared = ruler("cache", "prune", "--older-than", "0d")
    assert spared.code == 0 and spared.out == ""
    assert "unfinished runs may need what is kept: cut." in spared.err
    data = ruler("cache", "prune", "--older-than", "0d", "--json").data
    assert data == {"captions": [], "answers": [], "unfinished": ["cut"]}
    given_up = ruler("cache", "prune", "--older-than", "0d", "--even-unfinished")
    assert "Deleted 3 answers of openai:stub" in given_up.out


@pytest.mark.parametrize("text", ["30", "d", "-1d", "1.5d", "99999d", "3h"])
def test_an_age_is_in_days(ruler: Ruler, text: str) -> None:
    ended = ruler("cache", "prune", f"--older-than={text}")
    assert ended.code == 2
    assert ended.err == f"ruler: --older-than takes days like 30d, not '{text}'.\n"


# Raw answers.


def test_an_event_is_explained_by_what_models_were_asked_and_answered(
    ruler: Ruler, studio: Studio
) -> None:
    detect(ruler, studio, "--run-id", "one")
    told = ruler("explain", "one").out
    key = LOUD[0]
    assert f"looked at frame {key}\n" in told
    assert re.search(r"captioner openai:stub, asked by caption_frame@2\+[0-9a-f]{12}, ", told)
    assert f"said      One person is running on the path at mark {key}.\n" in told
    assert "reasoner  openai:stub\n" in told
    for prompt in ("match_captions", "check_again", "reflect_event"):
        [raw] = re.findall(rf"{prompt} answered: (.*)", told)
        assert json.loads(raw)["asked"], "it is the text as the model wrote it"
    assert "You describe one picture" not in told
    asked = ruler("explain", "one", "--prompt").out
    assert "caption_frame: You describe one picture of a fixed camera." in asked
    assert "check_again asked: The frames, one a line:" in asked
    [data] = ruler("explain", "one", "clip.mp4#1", "--json").data
    looked = data["looked"]
    assert (looked["frame"], looked["captioner"], looked["is_reached"]) == (key, MODEL, True)
    assert [one["prompt"] for one in looked["heard"]] == [
        "match_captions",
        "check_again",
        "reflect_event",
    ]


def test_explaining_asks_no_model(ruler: Ruler, studio: Studio) -> None:
    detect(ruler, studio, "--run-id", "one")
    calls = studio.stub.calls
    ruler("explain", "one", "--prompt")
    assert studio.stub.calls == calls


def test_without_its_store_a_run_explains_what_its_folder_tells(
    ruler: Ruler, studio: Studio
) -> None:
    detect(ruler, studio, "--run-id", "one")
    whole = ruler("explain", "one").out
    studio.store.close()
    elsewhere = studio.folder / "moved"
    shutil.move(studio.folder / "store", elsewhere)
    alone = ruler("explain", "one")
    assert alone.code == 0
    assert "why       Running [yard.odd-running]" in alone.out
    assert f"answers   not at hand: the run's store is not at {studio.folder}/store" in alone.out
    assert "said" not in alone.out
    assert not (studio.folder / "store").exists(), "nothing is made where it was"
    assert ruler("explain", "one", "--store", elsewhere).out == whole


def test_answers_that_were_pruned_are_said_to_be_gone(ruler: Ruler, studio: Studio) -> None:
    detect(ruler, studio, "--run-id", "one")
    ruler("cache", "prune", "--older-than", "0d")
    told = ruler("explain", "one").out
    assert "One person is running on the path" in told
    assert "check_again answered: not known any more" in told


def test_a_key_frame_that_shares_a_caption_names_the_frame_that_was_looked_at(
    ruler: Ruler, studio: Studio
) -> None:
    pictures = numbered(FRAMES)
    film = [pictures[mark] for mark in [0, 1, *[9] * 6, *[10] * 5, *range(14, 24)]]
    clip = studio.film("still.mp4", film)
    options = ["--captioner", MODEL, "--base-url", studio.stub.url, "--run-id", "still"]
    # So that the surest frame lies in the middle of the event, and not where a caption begins.
    options += ["--every", "all", "--smoothing", "gaussian:0.3"]
    ended = ruler("detect", clip, "--scene", SCENE, *options)
    assert "shared with another frame" in ended.out
    [data] = ruler("explain", "still", "--json").data
    key, looked = data["looked"]["key_frame"], data["looked"]["frame"]
    assert 2 == looked < key < 8
    assert f"looked at frame 2; frame {key} goes by its caption" in ruler("explain", "still").out


def test_a_window_is_told_with_its_pictures(ruler: Ruler, studio: Studio) -> None:
    options = ["--every", "0.4s", "--window", "4", "--smoothing", "none", "--run-id", "wide"]
    detect(ruler, studio, *options, "--reasoner", "symbolic")
    assert ", up to 4 pictures 0.1s apart\n" in ruler("explain", "wide").out


def test_an_embedded_run_is_explained_without_models(ruler: Ruler, studio: Studio) -> None:
    recording = studio.folder / "recording"
    detect(ruler, studio, "--record", recording)
    replay = ["--captioner", f"replay:{recording}", "--run-id", "again"]
    ruler("detect", studio.clip, "--scene", SCENE, "--every", "all", *replay)
    told = ruler("explain", "again").out
    assert "reasoner  symbolic" in told and "answered" not in told and "asked by" not in told
    assert "said      One person is running" in told


# The doctor.


class Server:
    """Answers any request with a status and a body, and keeps what came."""

    def __init__(self, status: int, body: bytes) -> None:
        self.heads: list[tuple[str, Headers]] = []
        self._answer = (status, body)
        self.server = LoopbackServer(self._serve)

    async def _serve(self, path: str, headers: Headers, body: bytes, wire: Wire) -> None:
        self.heads.append((path, headers))
        status, answer = self._answer
        await wire.send(wire.head(status, {}, len(answer)) + answer)


@pytest.mark.parametrize(
    ("status", "body", "state", "said"),
    [
        (200, b'{"data": [{"id": "qwen"}, {"id": "llava"}]}', "ok", "models: qwen, llava"),
        (200, b"<html>", "ok", "it does not list any"),
        (401, b"", "ok", "asks for a key; RULER_API_KEY is set"),
        (503, b"", "note", "answers, with HTTP status 503"),
        (302, b"", "note", "answers, with HTTP status 302"),
    ],
)
def test_the_doctor_asks_the_endpoint_without_any_key(
    ruler: Ruler,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: bytes,
    state: str,
    said: str,
) -> None:
    server = Server(status, body)
    with server.server as place:
        url = f"http://kim:hunter2@127.0.0.1:{place.port}/v1?token=hunter3"
        monkeypatch.setenv("RULER_BASE_URL", url)
        monkeypatch.setenv("RULER_API_KEY", "sk-secret")
        ended = ruler("doctor", "--json")
    [found] = [one for one in ended.data if one["what"] == "endpoint"]
    assert found["state"] == state and said in found["said"]
    assert f"http://127.0.0.1:{place.port}/v1" in found["said"]
    [(path, headers)] = server.heads
    assert path == "/v1/models"
    assert "authorization" not in headers
    for secret in ("hunter2", "hunter3", "sk-secret"):
        assert secret not in ended.out and secret not in repr(server.heads)


def test_the_doctor_says_what_is_not_there(ruler: Ruler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RULER_BASE_URL", "http://127.0.0.1:9/v1")
    ended = ruler("doctor")
    assert ended.code == 0
    assert "note endpoint     http://127.0.0.1:9/v1 does not answer" in ended.out
    assert "ok   chat models  openai" in ended.out
    monkeypatch.setenv("RULER_BASE_URL", "ftp://x")
    ended = ruler("doctor")
    assert ended.code == 1 and "bad  endpoint     RULER_BASE_URL must look like" in ended.out
    monkeypatch.delenv("RULER_BASE_URL")
    assert "endpoint" not in ruler("doctor").out


@pytest.mark.parametrize("extra", ["chat", "transformers", "vllm"])
def test_the_doctor_names_the_line_that_installs_a_part(
    ruler: Ruler, monkeypatch: pytest.MonkeyPatch, extra: str
) -> None:
    import importlib.util

    real = importlib.util.find_spec
    hidden = {"chat": "langchain"}.get(extra, extra)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == hidden else real(name)
    )
    assert f"not installed: pip install 'ruler-vad[{extra}]'" in ruler("doctor").out
