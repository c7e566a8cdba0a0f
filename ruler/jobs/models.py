"""What a job gives to models beside the user's options: limits, caches, recordings, privacy.

Every job that asks a model builds its captioner and reasoner here, so that no way around a budget
or a scene's `local_only` exists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from prompts.loader import load
from ruler.captioners.base import Captioner
from ruler.captioners.recording import RecordingCaptioner
from ruler.jobs.inputs import captioner_named, is_model, reasoner_named
from ruler.llm.budget import Budget
from ruler.llm.endpoints import without_secrets
from ruler.llm.options import ChatOptions
from ruler.llm.recording import Recording
from ruler.reasoners.base import Reasoner
from ruler.schemas.runs import RunSpec, Usage
from rules_store.store import Store

ENDPOINTS = ("base_url", "captioner_url", "reasoner_url")
"""Where models are served: both, or one of the two, which comes first."""
USUAL = "usual_base_url"
"""The settings' endpoint: for where neither a user, nor a run or a scene, says another."""
REMEMBERED = ("window", "step_seconds", "language", "share")
LIMITS = ("max_calls", "max_tokens", "max_cost_usd")


def endpoints_of(options: Mapping[str, object]) -> dict[str, str]:
    """Where models are served, as a run keeps it: without secrets, and nothing if not given.

    Raises:
        InputError: an address is none.
    """
    named = {name: ChatOptions.of({"base_url": options.get(name)}) for name in ENDPOINTS}
    found = {name: chat.endpoint for name, chat in named.items() if chat.endpoint is not None}
    if not found and (usual := ChatOptions.of({"base_url": options.get(USUAL)}).endpoint):
        found["base_url"] = usual
    return found


def remembered(options: Mapping[str, object], *, asks: bool) -> dict[str, str | int | float | bool]:
    """What a scene remembers of how its models were asked when its rules were learned.

    Args:
        options: Those of the induction.
        asks: Whether anybody beside what is embedded was asked; else there is nothing to remember.
    """
    if not asks:
        return {}
    kept = {name: options[name] for name in REMEMBERED if options.get(name) is not None}
    known: dict[str, str | int | float | bool] = {}
    for name, value in kept.items():
        assert isinstance(value, str | int | float | bool), name
        known[name] = value
    return known | endpoints_of(options)


def asked_by(
    learned: Mapping[str, str | int | float | bool],
    asking: Mapping[str, str | int | float | bool],
    options: Mapping[str, object],
) -> dict[str, str | int | float | bool]:
    """How the models of a new run are asked: what the user says comes first, then what the scene
    was learned with, then the settings.

    Args:
        learned: `Revision.asking`.
        asking: What the user set for this run.
        options: The machine's; endpoints in it were named by the user.
    """
    named = {name: options[name] for name in ENDPOINTS if options.get(name)}
    before = dict(learned)
    if "window" in asking:
        # The step belongs to the window: another window has a step of its own.
        before.pop("step_seconds", None)
    if "base_url" in named:
        before = {name: value for name, value in before.items() if name not in ENDPOINTS}
    knows = any(name in before for name in ENDPOINTS)
    return {**before, **asking, **endpoints_of(named if knows or named else options)}


def prompts_of(spec: RunSpec) -> dict[str, str]:
    """By name, the stamp of each prompt that a run asks models by."""
    used: list[str] = []
    if is_model("captioner", spec.captioner):
        kind = "caption_frame" if spec.asking.get("window", 1) == 1 else "caption_window"
        used += [kind, f"{kind}_ask"]
    if is_model("reasoner", spec.reasoner):
        by_frame = ["match_captions", "check_again", "reflect_event"]
        used += [*(by_frame if spec.by == "frame" else ["judge_clip"]), "reflect_clip"]
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
    moved = {name: value for name, value in options.items() if name in ENDPOINTS and value}
    usual = options.get(USUAL)
    whole = {
        name: usual
        for name in ENDPOINTS
        if usual and asking.get(name) == without_secrets(str(usual))
    }
    kept = {name: value for name, value in options.items() if name != USUAL}
    return {**kept, **asking, **whole, **moved}


Kind = Literal["captioner", "reasoner"]
_BY_KIND = (USUAL, *(f"{kind}_{what}" for kind in get_args(Kind) for what in ("url", "api_key")))


def options_for(kind: Kind, options: Mapping[str, object]) -> dict[str, object]:
    """Where the captioner's or the reasoner's model is served, and by which key."""
    url = options.get(f"{kind}_url") or options.get("base_url") or options.get(USUAL)
    key = options.get(f"{kind}_api_key") or options.get("api_key")
    return {"base_url": url, "api_key": key}


@dataclass(frozen=True)
class Models:
    """The captioner and reasoner of one job; both draw on one budget.

    Attributes:
        options: What the user set (`base_url`, `captioner_url`, `reasoner_api_key`, `language`,
            `max_calls`, `record` ...).
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
        captioner = captioner_named(name, self._careful("captioner"))
        return RecordingCaptioner(captioner, self.folder) if self.folder else captioner

    def reasoner(self, name: str, on_usage: Callable[[Usage], None] | None = None) -> Reasoner:
        """The reasoner of that name; `on_usage` is told what each of its questions cost."""
        recorder = Recording(self.folder) if self.folder and name != "symbolic" else None
        return reasoner_named(name, self._careful("reasoner", recorder=recorder, on_usage=on_usage))

    def _careful(self, kind: Kind, **more: object) -> dict[str, object]:
        kept = {k: v for k, v in self.options.items() if k not in (*LIMITS, *_BY_KIND, "record")}
        kept |= options_for(kind, self.options)
        local_only = self.local_only or bool(kept.pop("local_only", False))
        care = {"cache": self.store.answers, "budget": self.budget, "local_only": local_only}
        return {**kept, **care, **{k: v for k, v in more.items() if v is not None}}
