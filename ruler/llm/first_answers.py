"""Reading a model's first answer about a clip, in whatever form a prompt made it write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import AliasChoices, BaseModel, Field

from ruler.llm.parsing import parse
from ruler.llm.questions import Fault
from ruler.schemas.verdicts import Outcome


class _Written(BaseModel):
    """What answers hold; a verdict that is missing is never made up."""

    description: str = Field(
        default="", validation_alias=AliasChoices("description", "video_description")
    )
    reasoning: str = ""
    anomaly: Literal[0, 1] | None = Field(
        default=None, validation_alias=AliasChoices("anomaly", "result")
    )


@dataclass(frozen=True)
class FirstAnswer:
    """A first answer: its outcome ("undetermined" where none can be read), what the model saw, and
    why it decided so. `problem` says why there is no outcome."""

    outcome: Outcome
    description: str
    rationale: str
    problem: str | None = None


def read_first_answer(raw: str) -> FirstAnswer:
    """Read an answer; one that breaks off before its verdict is undetermined, and its text is still
    evidence."""
    written = parse(raw, _Written)
    if isinstance(written, Fault):
        return FirstAnswer("undetermined", raw, "", written.said)
    if written.anomaly is None:
        text = written.description or raw
        return FirstAnswer("undetermined", text, written.reasoning, "it gives no verdict")
    outcome: Outcome = "anomaly" if written.anomaly else "normal"
    return FirstAnswer(outcome, written.description, written.reasoning)
