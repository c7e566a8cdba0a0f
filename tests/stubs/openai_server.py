"""An OpenAI-compatible endpoint on loopback that answers from a script and counts calls."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Request = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    body: bytes
    status: int = 200


def completion(
    content: str | None, *, finish: str = "stop", refusal: str | None = None, tokens: int = 7
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
        },
    }
    return Answer(json.dumps(document).encode())


def error(status: int, message: str = "stub") -> Answer:
    """An error as the vendor writes it."""
    return Answer(json.dumps({"error": {"message": message, "type": "stub"}}).encode(), status)


def pictures(request: Request) -> list[str]:
    """The data URIs in a request."""
    parts = [part for message in request["messages"] for part in message["content"]]
    return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]


def describe(request: Request) -> Answer:
    """The default answer: it depends on the pictures alone."""
    digest = hashlib.sha256("".join(pictures(request)).encode()).hexdigest()
    return completion(f"One person. Colour {digest[:8]}.")


class OpenAIStub:
    """Serves while the `with` block runs.

    Answers come from `script` first, one a call, and then from `default`. `requests` holds what was
    asked, in order of arrival.
    """

    def __init__(
        self, script: Iterable[Answer] = (), default: Callable[[Request], Answer] = describe
    ) -> None:
        self.requests: list[Request] = []
        self.keys: list[str | None] = []
        self._script = list(script)
        self._default = default
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """The base URL to give to a client."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def calls(self) -> int:
        """How many requests arrived."""
        return len(self.requests)

    def __enter__(self) -> OpenAIStub:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: Request, key: str | None) -> Answer:
        with self._lock:
            self.requests.append(request)
            self.keys.append(key)
            scripted = self._script.pop(0) if self._script else None
        return scripted or self._default(request)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                request = json.loads(self.rfile.read(length))
                answer = stub._answer(request, self.headers["Authorization"])
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        return Handler
