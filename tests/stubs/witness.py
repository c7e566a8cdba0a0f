"""What stands behind the OpenAI stub in tests of the whole path: a model that sees and reads.

It reads the number out of a picture of `tests.video.clips` and says what happens there; questions
of the reasoner it answers as `tests.reasoners.llm.scripted` does. Some calls may fail, always the
same ones: which, is decided by the question and by how often it came.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Container
from typing import Any

import cv2
import numpy as np

from ruler.llm.questions import Question
from tests.reasoners.llm.scripted import HONEST, lines
from tests.stubs.openai_server import Answer, Request, completion, error, pictures
from tests.video.clips import number_of

FAULTS: tuple[Callable[[], Answer], ...] = (
    lambda: error(500),
    lambda: error(429),
    lambda: Answer(is_dropped=True),
    lambda: completion(""),
    lambda: completion("One person", finish="length"),
    lambda: completion("I'm sorry, I cannot describe this picture."),
    lambda: Answer(b"{}"),
)
"""The ways in which a call fails."""


def body_of(request: Request) -> str:
    """A request as a text: equal for equal questions."""
    return json.dumps(request, sort_keys=True)


def marks(request: Request) -> list[int]:
    """The numbers of the pictures in a request."""
    found = []
    for uri in pictures(request):
        data = np.frombuffer(base64.b64decode(uri.partition(",")[2]), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert image is not None
        found.append(number_of(np.ascontiguousarray(image[:, :, ::-1])))
    return found


def kind_of(request: Request) -> str:
    """What is asked for: `caption`, or the name of the form."""
    form = request.get("response_format")
    return str(form["json_schema"]["name"]) if form else "caption"


def reflected(question: Question) -> dict[str, Any]:
    """Confirms an event in which somebody runs, whatever else happens in it."""
    running = [one for one in lines(question.text) if "running" in one.get("text", "")]
    if not running:
        return {"why": "nobody runs", "caption": 0, "quote": "", "item": "", "verdict": "normal"}
    place = {"caption": running[0]["caption"], "quote": "running", "item": "motion.fast"}
    return {"why": "somebody runs", **place, "verdict": "anomaly"}


def judged(question: Question) -> dict[str, Any]:
    """A first answer about a clip: by the rule about running, whatever else happens in it."""
    captions = [one for one in lines(question.text) if "text" in one]
    running = [one for one in captions if "running" in one["text"]]
    rules = [one for one in lines(question.system) if one.get("kind") == "anomaly"]
    about = next((one["rule"] for one in rules if "run" in one["statement"].lower()), "")
    if running and about:
        place = {"caption": running[0]["caption"], "quote": "running", "rule": about}
        return {"why": "somebody runs", **place, "verdict": "anomaly"}
    place = {"caption": 1, "quote": "walking", "rule": ""}
    return {"why": "they walk", **place, "verdict": "normal"}


class Witness:
    """Answers requests; give it to `OpenAIStub` as `default`.

    Attributes:
        share: Share of calls that fail, in [0, 1].
        silent_on: Kinds of questions (`kind_of`) that are never answered, but by `silence`.
        said: By body, the text of the usable answer that it got.

    Args:
        loud: Numbers of the pictures on which somebody runs.
        share: See there.
        sign: What stands on a sign in every picture, or "".
        why: What it writes where it is asked for reasons, or "" for honest reasons.
    """

    def __init__(
        self, loud: Container[int], *, share: float = 0.0, sign: str = "", why: str = ""
    ) -> None:
        self.share = share
        self.silent_on: set[str] = set()
        self.silence = error(503)
        self.said: dict[str, str] = {}
        self._loud, self._sign, self._why = loud, sign, why
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Answer:
        if kind_of(request) in self.silent_on:
            return self.silence
        body = body_of(request)
        with self._lock:
            self._seen[body] += 1
            times = self._seen[body]
        digest = hashlib.sha256(f"{times} {body}".encode()).digest()
        if int.from_bytes(digest[:4], "big") < self.share * 2**32:
            return FAULTS[digest[4] % len(FAULTS)]()
        text = self.see(request) if kind_of(request) == "caption" else self._reason(request, body)
        with self._lock:
            self.said[body] = text
        return completion(text)

    def see(self, request: Request) -> str:
        """A caption: of a single picture, or of the last of several with how many there were."""
        shown = marks(request)
        doing = "running" if shown[-1] in self._loud else "walking"
        many = f" over {len(shown)} pictures" if len(shown) > 1 else ""
        sign = f' A sign says "{self._sign}".' if self._sign else ""
        return f"One person is {doing} on the path at mark {shown[-1]}{many}.{sign}"

    def _reason(self, request: Request, body: str) -> str:
        """An answer of its own for each question: what it was asked stands in it as a hash."""
        system, user = (str(message["content"]) for message in request["messages"])
        question = Question(system=system, text=user)
        script = HONEST[kind_of(request)]
        said = script(question) if callable(script) else script
        assert isinstance(said, dict)
        if kind_of(request) in ("Reflected", "ClipReflected"):
            said = reflected(question)
        if kind_of(request) == "ClipJudged":
            said = judged(question)
        if self._why and "why" in said:
            said = {**said, "why": self._why}
        if self._why and kind_of(request) == "Rechecks":
            said = {"frames": [{**entry, "why": self._why} for entry in said["frames"]]}
        return json.dumps({**said, "asked": hashlib.sha256(body.encode()).hexdigest()[:12]})
