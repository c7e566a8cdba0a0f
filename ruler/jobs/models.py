"""What a job gives to models beside the user's options: limits, caches, recordings, privacy.

Every job that asks a model builds its captioner and reasoner here, so that no way around a budget
or a scene's `local_only` exists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prompts.loader import load
from ruler.captioners.base import Captioner
from ruler.captioners.recording import RecordingCaptioner
from ruler.jobs.inputs import captioner_named, is_model, reasoner_named
from ruler.llm.budget import Budget
from ruler.llm.options import ChatOptions
from ruler.llm.recording import Recording
from ruler.reasoners.base import Reasoner
from ruler.schemas.runs import RunSpec, Usage
from rules_store.store import Store

ENDPOINT = "base_url"
LIMITS = ("max_calls", "max_tokens", "max_cost_usd")


def endpoint_of(options: Mapping[str, object]) -> dict[str, str]:
    """Where models are served, as a run keeps it: without secrets, and nothing if not given.

    Raises:
        InputError: the address is none.
    """
    endpoint = ChatOptions.of(options).endpoint
    return {} if endpoint is None else {ENDPOINT: endpoint}


def prompts_of(spec: RunSpec) -> dict[str, str]:
    """By name, the stamp of each prompt that a run asks models by."""
    used: list[str] = []
    if is_model("captioner", spec.captioner):
        kind = "caption_frame" if spec.asking.get("window", 1) == 1 else "caption_window"
        used += [kind, f"{kind}_ask"]
    if is_model("reasoner", spec.reasoner):
        used += ["match_captions", "check_again", "reflect_event"]
    return {name: prompt_stamp(name) for name in used}


def prompt_stamp(name: str) -> str:
    """A prompt's version and hash."""
    prompt = load(name)
    return f"{prompt.version}+{prompt.sha256[:12]}"


def joined(options: Mapping[str, object], asking: Mapping[str, object]) -> dict[str, object]:
    """The options of an attempt at a run: what decides its results is the run's.

    Only an endpoint that the attempt names itself comes before the run's: a server may have moved,
    and the run keeps no password of an address.
    """
    moved = {name: value for name, value in options.items() if name == ENDPOINT and value}
    return {**options, **asking, **moved}


@dataclass(frozen=True)
class Models:
    """The captioner and reasoner of one job; both draw on one budget.

    Attributes:
        options: What the user set (`base_url`, `language`, `max_calls`, `record` ...).
        store: Keeps answers, so that none is paid twice.
        local_only: Refuse endpoints off this machine, whatever the options say.
    """

    options: Mapping[str, object]
    store: Store
    local_only: bool = False
    budget: Budget = field(init=False)

    def __post_init__(self) -> None:
        limits = {name: self.options.get(name) for name in LIMITS}
        object.__setattr__(self, "budget", Budget(**limits))  # type: ignore[arg-type]

    @property
    def folder(self) -> Path | None:
        """Where to record, if anywhere."""
        record = self.options.get("record")
        return Path(str(record)) if record is not None else None

    def captioner(self, name: str) -> Captioner:
        """The captioner of that name (see `ruler.registry.resolve`)."""
        captioner = captioner_named(name, self._careful())
        return RecordingCaptioner(captioner, self.folder) if self.folder else captioner

    def reasoner(self, name: str, on_usage: Callable[[Usage], None] | None = None) -> Reasoner:
        """The reasoner of that name; `on_usage` is told what each of its questions cost."""
        recorder = Recording(self.folder) if self.folder and name != "symbolic" else None
        return reasoner_named(name, self._careful(recorder=recorder, on_usage=on_usage))

    def _careful(self, **more: object) -> dict[str, object]:
        kept = {k: v for k, v in self.options.items() if k not in (*LIMITS, "record")}
        local_only = self.local_only or bool(kept.pop("local_only", False))
        care = {"cache": self.store.answers, "budget": self.budget, "local_only": local_only}
        return {**kept, **care, **{k: v for k, v in more.items() if v is not None}}
