"""`vllm:MODEL`: the engine's process, with a stand-in for vLLM inside."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ConfigDict

from ruler.errors import InputError
from ruler.llm.local.vllm_backend import VllmBackend, create
from ruler.llm.questions import Completion, Fault, Question
from ruler.llm.wording import with_schema
from ruler.schemas.runs import Usage
from tests.models.asked import Judgement, completions

STUBS = Path(__file__).parent / "stubs"


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(STUBS))
    monkeypatch.setenv("PYTHONPATH", str(STUBS))


@pytest.fixture
def backend() -> Iterator[VllmBackend]:
    under_test = create("some/model", {"seed": 7, "max_tokens": 50})
    yield under_test
    under_test.close()


def asked(outcome: Completion | Fault) -> dict[str, Any]:
    """What reached vLLM, as the stand-in tells it."""
    assert isinstance(outcome, Completion)
    told: dict[str, Any] = json.loads(outcome.text)
    return told


def pid(backend: VllmBackend) -> int:
    assert backend._engine is not None
    return backend._engine._process.pid


def wait_for_end(process: int, seconds: float) -> bool:
    """Whether a process that is no child of this one ends in time."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def test_a_question_arrives_whole_and_its_answer_is_counted(backend: VllmBackend) -> None:
    [outcome] = backend.complete([Question("rules <image>", "what? length", (b"\xff\x00",))])
    assert isinstance(outcome, Completion)
    told = asked(outcome)
    assert told["messages"] == [
        {"role": "system", "content": [{"type": "text", "text": "rules < image>"}]},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/wA="}},
                {"type": "text", "text": "what? length"},
            ],
        },
    ]
    assert told["how"] == {
        "max_tokens": 50, "temperature": 0.0, "seed": 7, "structured_outputs": None
    }  # fmt: skip
    assert outcome.finish == "length"
    assert outcome.usage == Usage(
        model_calls=1, tokens_in=3, tokens_out=2, tokens_cached=1, images=1
    )


def test_the_engine_gets_its_options_and_no_others(backend: VllmBackend) -> None:
    [outcome] = backend.complete([Question("s", "t")])
    assert asked(outcome)["options"] == {
        "model": "some/model",
        "seed": 7,
        "dtype": "auto",
        "max_model_len": -1,
        "tensor_parallel_size": 1,
        "gpu_memory_utilization": 0.9,
        "kv_cache_memory_bytes": None,
        "enforce_eager": False,
        "trust_remote_code": False,
        "enable_prefix_caching": True,
        "structured_outputs_config": {
            "backend": "guidance",
            "disable_any_whitespace": True,
            "disable_additional_properties": True,
        },
        "use_tqdm_on_load": False,
    }


def test_a_structured_answer_is_constrained(backend: VllmBackend) -> None:
    [outcome] = backend.complete([Question("s", "t", schema=Judgement, max_tokens=9)])
    how = asked(outcome)["how"]
    assert how["structured_outputs"] == {"json": Judgement.model_json_schema()}
    assert list(how["structured_outputs"]["json"]["properties"]) == ["verdict", "reason", "seen"]
    assert how["max_tokens"] == 9


def test_a_schema_that_cannot_be_enforced_is_asked_for_in_words(backend: VllmBackend) -> None:
    class Odd(Judgement):
        model_config = ConfigDict(json_schema_extra={"$unsupported": True})

    [outcome] = backend.complete([Question("s", "t", schema=Odd)])
    told = asked(outcome)
    assert told["how"]["structured_outputs"] is None
    system, user = (message["content"][0]["text"] for message in told["messages"])
    assert (system, user) == (with_schema(Question("s", "t", schema=Odd)).system, "t")
    assert "$unsupported" in system


def test_faults_stay_with_their_questions(backend: VllmBackend) -> None:
    texts = ["a", "too long", "b", "damaged", "abort", "c"]
    outcomes = backend.complete([Question("s", text) for text in texts])
    kinds = [one.kind if isinstance(one, Fault) else "" for one in outcomes]
    assert kinds == ["", "too_long", "", "bad_request", "server", ""]
    for place in (0, 2, 5):
        assert asked(outcomes[place])["messages"][1]["content"][0]["text"] == texts[place]
    assert all("0x" not in one.said for one in outcomes if isinstance(one, Fault))


def test_no_question_starts_no_engine(backend: VllmBackend) -> None:
    assert backend.complete([]) == []
    assert (backend._engine, backend.batch, backend.name) == (None, 16, "vllm:some/model")


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("unknown", "no unknown"),
        ("broken", "no memory left for one token"),
        ("killed", "it ended with 9"),
    ],
)
def test_an_engine_that_does_not_start_says_why(model: str, reason: str) -> None:
    under_test = create(model, {})
    with pytest.raises(InputError, match=f"^model '{model}': vLLM does not start: {reason}$"):
        under_test.complete([Question("s", "t")])
    assert under_test._engine is None


def test_a_model_that_is_not_here_is_said_with_what_to_do() -> None:
    with pytest.raises(InputError, match="run `hf download not/here` where there is a network"):
        create("not/here", {}).complete([Question("s", "t")])


def test_after_an_engine_died_the_next_batch_gets_a_new_one(backend: VllmBackend) -> None:
    outcomes = backend.complete([Question("s", "fine"), Question("s", "die now")])
    said = "the vLLM engine ended: the card is full"
    assert outcomes == [Fault("server", said), Fault("server", said)]
    assert len(completions(backend.complete([Question("s", "fine")]))) == 1


def test_closing_ends_the_engine_and_the_next_question_starts_it_again(
    backend: VllmBackend,
) -> None:
    backend.complete([Question("s", "t")])
    first = pid(backend)
    backend.close()
    assert wait_for_end(first, 0)
    backend.complete([Question("s", "t")])
    assert pid(backend) != first


ASK = (
    "import sys\n"
    "from ruler.llm.local.vllm_backend import create\n"
    "from ruler.llm.questions import Question\n"
    "backend = create('m', {})\n"
    "backend.complete([Question('s', 't')])\n"
    "print(backend._engine._process.pid, flush=True)\n"
)


def test_the_engine_ends_when_ruler_is_killed() -> None:
    code = ASK + "sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as ruler:
        assert ruler.stdout is not None
        engine = int(ruler.stdout.readline())
        assert not wait_for_end(engine, 0)
        ruler.send_signal(signal.SIGKILL)
    assert wait_for_end(engine, 30)


def test_the_engine_ends_with_the_interpreter_and_stdout_stays_clean() -> None:
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    assert wait_for_end(int(done.stdout), 0)


def test_a_busy_engine_ends_when_nobody_waits_for_it() -> None:
    module = "ruler.llm.local.vllm_process"
    code = f"import {module} as engine\nengine._GRACE_SECONDS = 0.1\nengine.main()"
    options = {"temperature": 0.0, "seed": 0, "max_tokens": 1, "batch": None}
    question = {"system": "", "text": "never end", "jpegs": [], "schema": None, "max_tokens": 1}
    lines = [{"model": "m", "options": options}, {"questions": [question]}]
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, json.loads(done.stdout)) == (1, {"ready": True})
