"""An OpenAI-compatible endpoint on loopback that answers from a script and counts calls.

    python -m tests.stubs.openai_server 0.1 16

serves on its own, each call taking 0.1 s and 16 at once, and prints its port.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from tests.stubs.loopback import LoopbackServer, Wire

Request = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """One HTTP answer.

    It begins after `delay` seconds, and its body comes a byte every `trickle` seconds, if not at
    once; where `is_dropped`, the connection is closed instead.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    trickle: float = 0.0
    is_dropped: bool = False


def completion(
    content: str | None,
    *,
    finish: str = "stop",
    refusal: str | None = None,
    tokens: int = 7,
    cached: int = 0,
) -> Answer:
    """A chat completion that took 100 tokens in and `tokens` out."""
    message = {"role": "assistant", "content": content, "refusal": refusal}
    document = {
        "id": "stub",
        "object": "chat.completion",
        "created": 0,
        "model": "stub",
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": tokens,
            "total_tokens": 100 + tokens,
            "prompt_tokens_details": {"cached_tokens": cached},
        },
    }
    return Answer(json.dumps(document).encode())


def error(status: int, message: str = "stub", **headers: str) -> Answer:
    """An error as the vendor writes it; `retry_after="5"` becomes a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"error": {"message": message, "type": "stub"}}).encode()
    return Answer(body, status, named)


def pictures(request: Request) -> list[str]:
    """The data URIs in a request."""
    contents = [message["content"] for message in request["messages"]]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]


def words(request: Request) -> str:
    """All the text in a request, in order."""
    said = []
    for message in request["messages"]:
        content = message["content"]
        parts = [{"text": content}] if isinstance(content, str) else content
        said += [part["text"] for part in parts if "text" in part]
    return "\n".join(said)


def describe(request: Request) -> Answer:
    """The default answer: it depends on the pictures alone."""
    digest = hashlib.sha256("".join(pictures(request)).encode()).hexdigest()
    return completion(f"One person. Colour {digest[:8]}.")


class OpenAIStub:
    """Serves while the `with` block runs.

    Answers come from `script` first, one a call, and then from `default`. `requests` holds what was
    asked, in order of arrival; `keys` what came as authorization; `tokens_in` and `tokens_out` what
    was told to clients that were still there; `most_at_once` how many calls were under way.

    Args:
        script: The first answers.
        default: Makes all others; may block.
        delay: Seconds that every call takes.
        at_once: How many calls are worked on at once; others wait. None for all.
    """

    def __init__(
        self,
        script: Iterable[Answer] = (),
        default: Callable[[Request], Answer] = describe,
        *,
        delay: float = 0.0,
        at_once: int | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self.keys: list[str | None] = []
        self.tokens_in = self.tokens_out = self.most_at_once = 0
        self._script = list(script)
        self._default = default
        self._delay = delay
        self._places = asyncio.Semaphore(at_once or 1_000_000)
        self._under_way = 0
        self._lock = threading.Lock()
        self._blocking = ThreadPoolExecutor(64)
        self._server = LoopbackServer(self._serve)

    @property
    def url(self) -> str:
        """The base URL to give to a client."""
        return f"http://127.0.0.1:{self._server.port}/v1"

    @property
    def calls(self) -> int:
        """How many requests arrived."""
        return len(self.requests)

    def __enter__(self) -> OpenAIStub:
        self._server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.__exit__(kind, value, at)
        self._blocking.shutdown()

    async def _serve(self, path: str, headers: Mapping[str, str], body: bytes, wire: Wire) -> None:
        request = json.loads(body)
        with self._lock:
            self.requests.append(request)
            self.keys.append(headers.get("authorization"))
            scripted = self._script.pop(0) if self._script else None
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            async with self._places:
                await self._answer(request, scripted, wire)
        finally:
            self._under_way -= 1

    async def _answer(self, request: Request, scripted: Answer | None, wire: Wire) -> None:
        answer = scripted
        if answer is None and self._default is describe:
            answer = describe(request)
        elif answer is None:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._blocking, self._default, request)
        await asyncio.sleep(self._delay + answer.delay)
        if answer.is_dropped or wire.is_gone:
            wire.drop()
            return
        if request.get("stream") and answer.status == 200:
            is_told = bool((request.get("stream_options") or {}).get("include_usage"))
            await _stream(answer, wire, is_told=is_told)
        else:
            await _send(answer, wire)
        if not wire.is_gone:
            self._count(answer.body)

    def _count(self, body: bytes) -> None:
        try:
            usage = json.loads(body).get("usage") or {}
        except (ValueError, AttributeError):
            return
        self.tokens_in += usage.get("prompt_tokens", 0)
        self.tokens_out += usage.get("completion_tokens", 0)


async def _send(answer: Answer, wire: Wire) -> None:
    headers = {"content-type": "application/json", **answer.headers}
    head = wire.head(answer.status, headers, len(answer.body))
    if not answer.trickle:
        await wire.send(head + answer.body)
        return
    await wire.send(head)
    for byte in answer.body:
        await asyncio.sleep(answer.trickle)
        await wire.send(bytes([byte]))


async def _stream(answer: Answer, wire: Wire, *, is_told: bool) -> None:
    """The completion as server-sent events: a word each, then why it ended, then what it cost, if
    that is to be told."""
    whole = json.loads(answer.body)
    choice = whole["choices"][0]
    base = {"id": "stub", "object": "chat.completion.chunk", "created": 0, "model": "stub"}
    deltas = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in (choice["message"]["content"] or "").split(" ")]
    events = [{**base, "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    last = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    events += [{**base, "choices": [last]}]
    events += [{**base, "choices": [], "usage": whole["usage"]}] if is_told else []
    await wire.send(wire.head(200, {"content-type": "text/event-stream", **answer.headers}, None))
    for data in [*(json.dumps(event) for event in events), "[DONE]"]:
        await asyncio.sleep(answer.trickle)
        event = f"data: {data}\n\n".encode()
        await wire.send(b"%x\r\n%s\r\n" % (len(event), event))
    await wire.send(b"0\r\n\r\n")


def main() -> None:
    """Serve on its own until standard input ends."""
    with OpenAIStub(delay=float(sys.argv[1]), at_once=int(sys.argv[2])) as stub:
        print(stub.url, flush=True)
        sys.stdin.read()
        print(stub.calls, stub.tokens_in, stub.tokens_out, stub.most_at_once, flush=True)


if __name__ == "__main__":
    main()
