"""Whether what a model wrote can be used, and if not, which fault it is."""

from __future__ import annotations

import re

from ruler.llm.parsing import parse
from ruler.llm.questions import Answer, Completion, Fault, Question

CUT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
"""How vendors say that an answer ended at the limit of its length."""

WITHHELD = frozenset(
    """
    content_filter content_filtered content-filter safety refusal recitation blocklist spii
    prohibited_content image_safety guardrail_intervened error_toxic sensitive
    """.split()
)
"""How vendors say that a filter took the answer."""

_REFUSAL = re.compile(
    r"^\W*(?:(?:i['’]?m|i am|we['’]?re) (?:very |so )?sorry|sorry|i apologi[sz]e|unfortunately)?"
    r"[\s,.;:]*(?:but )?(?:as an ai\b[^.]{0,60}?)?"
    r"\bi(?: (?:cannot|can['’]t|can not)|['’]?m (?:unable|not able) to| am (?:unable|not able) to)"
    r" (?:help|assist|comply|fulfil|provide|describe|process|view|see|identify|analy[sz]e)\b",
    re.IGNORECASE,
)


def judge(question: Question, said: Completion | Fault) -> Answer:
    """What a question came to by this completion, or by the fault of its call; without usage.

    The text stays as it was written, but for half characters (lone surrogates), which no file and
    no database can hold. A refusal in words counts as one: it says nothing of the picture.
    """
    if isinstance(said, Fault):
        return Answer(fault=said)
    text = said.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if fault := _problem(said, text):
        return Answer(text=text, fault=fault)
    if question.schema is None:
        return Answer(text=text)
    value = parse(text, question.schema)
    if isinstance(value, Fault):
        return Answer(text=text, fault=value)
    return Answer(text=text, value=value)


def _problem(said: Completion, text: str) -> Fault | None:
    finish = said.finish.lower()
    if said.refusal:
        return Fault("refused", f"the model refused: {_short(said.refusal)}")
    if finish in CUT:
        return Fault("cut", "the answer was cut off; raise max_tokens")
    if finish in WITHHELD:
        return Fault("withheld", f"the answer was withheld ({finish})")
    if not text.strip():
        return Fault("empty", "the answer is empty")
    if _REFUSAL.match(text):
        return Fault("refused", f"the model refused: {_short(text)}")
    return None


def _short(text: str) -> str:
    """The first line of what a model said, fit for a terminal."""
    line = text.strip().splitlines()[0] if text.strip() else ""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line[:200])
