"""A model by script: it reads the data lines of a question as a plain, honest model would."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from ruler.llm.questions import Answer, Fault, Question
from ruler.reasoners.llm.answers import (
    Claims,
    ClipJudged,
    ClipReflected,
    Contrasts,
    Groups,
    ItemRules,
    Normality,
    Rechecks,
    Reflected,
)
from ruler.schemas.runs import Usage
from ruler.text.phrases import find_any, find_phrase

Script = Callable[[Question], "Mapping[str, Any] | Fault"]
COST = Usage(model_calls=1, tokens_in=100, tokens_out=10)
DOINGS = {"walks": "walking", "stroll": "strolling", "stands": "standing", "jumps": "jumping"}
THINGS = {"dog": "dog", "path": "path", "car": "car"}


def lines(text: str) -> list[dict[str, Any]]:
    """The data lines of a part of a question, apart from the answer's form."""
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [one for one in found if "..." not in json.dumps(one)]


class ScriptedAsker:
    """An `Asker` whose answers come from functions by schema; it keeps what it was asked."""

    def __init__(self, name: str = "fake:reader", **scripts: Script | Mapping[str, Any] | Fault):
        self.name = name
        self.endpoint: str | None = None
        self.asked: list[Question] = []
        self._scripts = HONEST | scripts
        self._lock = threading.Lock()

    def ask(self, questions: Iterable[Question]) -> Iterator[Answer]:
        for question in questions:
            with self._lock:
                self.asked.append(question)
            assert question.schema is not None
            script = self._scripts[question.schema.__name__]
            said = script(question) if callable(script) else script
            if isinstance(said, Fault):
                yield Answer(fault=said, usage=COST)
            else:
                value: BaseModel = question.schema.model_validate(said)
                yield Answer(text=json.dumps(said), value=value, usage=COST)

    def asked_for(self, schema: type[BaseModel]) -> list[Question]:
        return [question for question in self.asked if question.schema is schema]


def normality(question: Question) -> Mapping[str, Any]:
    texts = [one["text"] for one in lines(question.text)]

    def learned(words: Mapping[str, str]) -> list[dict[str, Any]]:
        return [
            {
                "title": title.capitalize(),
                "statement": f"There is {title}.",
                "look_for": [title, "flying a kite"],
                "quote": word,
            }
            for word, title in words.items()
            if any(word in text.split() or f"{word}." in text.split() for text in texts)
        ]

    return {"human_activities": learned(DOINGS), "environment": learned(THINGS)}


def contrasts(question: Question) -> Mapping[str, Any]:
    return {
        "rules": [
            {
                "title": title,
                "statement": f"Somebody is {title.lower()}.",
                "look_for": phrases,
                "subject": "human_activity",
                "category": "motion.fast",
                "level": "high",
            }
            for title, phrases in (
                ("Running", ["running", "sprinting"]),
                ("Falling down", ["falling down", "lying on the ground"]),
            )
        ]
    }


def claims(question: Question) -> Mapping[str, Any]:
    rules = [one for one in lines(question.system) if "rule" in one]
    said = []
    for caption in lines(question.text):
        text, made = caption["text"], []
        for rule in rules:
            found = find_any(text, rule["look_for"])
            if found is not None:
                quote = text[found.start : found.stop]
                made.append(claim(rule["rule"], "yes", quote))
            elif rule["rule"] in caption["check"]:
                made.append(claim(rule["rule"], "no"))
        said.append({"caption": caption["caption"], "claims": made})
    return {"captions": said}


def claim(rule: int, verdict: str, quote: str = "", confidence: float = 0.9) -> dict[str, Any]:
    return {"rule": rule, "quote": quote, "verdict": verdict, "confidence": confidence}


def on_each(*made: Mapping[str, Any]) -> Script:
    """The same claims on every caption of a question."""
    return lambda question: {
        "captions": [
            {"caption": one["caption"], "claims": list(made)} for one in lines(question.text)
        ]
    }


def recheck(question: Question) -> Mapping[str, Any]:
    said = []
    for frame in lines(question.text):
        quotes = [ground for one in frame["found"] for ground in one["grounds"]]
        said.append(
            {
                "frame": frame["frame"],
                "why": "the caption says it",
                "quote": quotes[0] if quotes else frame["caption"],
                "verdict": "anomaly" if quotes else "normal",
                "confidence": 0.9,
            }
        )
    return {"frames": said}


def reflected(question: Question) -> Mapping[str, Any]:
    items = [one for one in lines(question.system) if "item" in one]
    captions = [one for one in lines(question.text) if "caption" in one]
    for kind, verdict in (("abnormal", "anomaly"), ("normal", "normal")):
        for item in (one for one in items if one["kind"] == kind):
            for caption in captions:
                if found := find_phrase(caption["text"], item["title"]):
                    return {
                        "why": f"it says {item['title']}",
                        "caption": caption["caption"],
                        "quote": caption["text"][found.start : found.stop],
                        "item": item["item"],
                        "verdict": verdict,
                    }
    return {"why": "nothing fits", "caption": 0, "quote": "", "item": "", "verdict": "normal"}


def judged(question: Question) -> Mapping[str, Any]:
    """By the rule whose title a caption says, else by what the first caption says."""
    rules = [one for one in lines(question.system) if one.get("kind") == "anomaly"]
    captions = [one for one in lines(question.text) if "caption" in one]
    for rule in rules:
        for caption in captions:
            if found := find_phrase(caption["text"], rule["title"]):
                return {
                    "why": f"it says {rule['title']}",
                    "caption": caption["caption"],
                    "quote": caption["text"][found.start : found.stop],
                    "rule": rule["rule"],
                    "verdict": "anomaly",
                }
    quote = captions[0]["text"].split(".")[0]
    return {"why": "usual", "caption": 1, "quote": quote, "rule": "", "verdict": "normal"}


def item_rules(question: Question) -> Mapping[str, Any]:
    return {
        "rules": [
            {
                "item": one["item"],
                "title": f"{one['title']} here",
                "statement": f"{one['statement']} Here.",
                "look_for": ["something else"],
                "subject": "environment",
            }
            for one in lines(question.text)
            if "item" in one
        ]
    }


HONEST: Mapping[str, Script | Mapping[str, Any] | Fault] = {
    Normality.__name__: normality,
    Groups.__name__: {"groups": []},
    Contrasts.__name__: contrasts,
    Claims.__name__: claims,
    Rechecks.__name__: recheck,
    Reflected.__name__: reflected,
    ClipJudged.__name__: judged,
    ClipReflected.__name__: reflected,
    ItemRules.__name__: item_rules,
}


def first_of(answers: Sequence[Script | Mapping[str, Any] | Fault]) -> Script:
    """One answer after another; the last one again and again."""
    left = list(answers)

    def script(question: Question) -> Mapping[str, Any] | Fault:
        said = left.pop(0) if len(left) > 1 else left[0]
        return said(question) if callable(said) else said

    return script
