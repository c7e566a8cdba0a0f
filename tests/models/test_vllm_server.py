"""vLLM as a server on this machine, asked the way any OpenAI-compatible server is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruler.llm.models import open_model
from ruler.llm.questions import Question
from tests.models.asked import SYSTEM, Judgement, picture
from tests.models.conftest import skip_without

skip_without("torch", "transformers", "vllm")
pytestmark = [pytest.mark.model, pytest.mark.timeout(400)]

START_SECONDS = 300
OPTIONS = (
    "--served-model-name tiny --host 127.0.0.1 --dtype float32 --max-model-len 2048"
    " --kv-cache-memory-bytes 67108864 --enforce-eager"
    ' --structured-outputs-config {"backend":"guidance","disable_any_whitespace":true,'
    '"disable_additional_properties":true}'
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_up(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            urllib.request.urlopen(f"{url}/models", timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.5)
    pytest.fail(f"the server is not up after {START_SECONDS} seconds")


def stop(server: subprocess.Popen[bytes]) -> None:
    """Stop the server by its process id, and what is left of its session with it."""
    server.terminate()
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def url(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the tiny model is served, while the tests of this file run."""
    port, log = free_port(), tmp_path_factory.mktemp("server") / "log"
    module = "vllm.entrypoints.openai.api_server"
    command = [sys.executable, "-m", module, "--model", str(tiny), "--port", str(port)]
    private = {"VLLM_NO_USAGE_STATS": "1", "VLLM_HOST_IP": "127.0.0.1"}
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*command, *OPTIONS.split()],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=os.environ | private,
        )
    try:
        wait_until_up(f"http://127.0.0.1:{port}/v1", server, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        stop(server)


def test_a_served_model_answers_and_counts(url: str) -> None:
    asker = open_model("openai:tiny", {"base_url": url, "max_tokens": 24, "local_only": True})
    asked = [
        Question(SYSTEM, "What is there?", (picture(1),)),
        Question(SYSTEM, "What changed?", (picture(1), picture(2))),
        Question(SYSTEM, "Which rule speaks of a bicycle?"),
    ]
    answers = list(asker.ask(asked))
    assert [answer.fault and answer.fault.kind for answer in answers] == ["cut"] * 3
    assert [answer.usage.tokens_out for answer in answers] == [24] * 3
    assert [answer.usage.images for answer in answers] == [1, 2, 0]
    assert answers[1].usage.tokens_in - answers[2].usage.tokens_in > 7
    assert len({answer.text for answer in answers}) == 3


def test_a_served_model_gives_structured_answers(url: str) -> None:
    asker = open_model("openai:tiny", {"base_url": url, "max_tokens": 300})
    asked = [
        Question(SYSTEM, f"Judge {place}.", (picture(place),), Judgement) for place in range(8)
    ]
    answers = list(asker.ask(asked))
    assert [answer.fault for answer in answers] == [None] * 8
    assert all(isinstance(answer.value, Judgement) for answer in answers)
    assert all(answer.usage.model_calls == 1 for answer in answers)


def test_a_model_that_is_not_served_is_said(url: str) -> None:
    asker = open_model("openai:another", {"base_url": url, "retries": 0})
    with pytest.raises(Exception, match="another"):
        list(asker.ask([Question(SYSTEM, "What is there?")]))
