"""The texts of `ruler help TOPIC`, in rich's markup."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

TOPICS = {
    "files": "rule files, results, and where things are kept",
    "rules": "what a rule says, and how it fires",
    "facts": "what captioners measure, with units and ranges",
    "scores": "how a frame score is made",
    "outcomes": "normal, anomaly, undetermined, failed",
    "taxonomy": "categories of what may happen, and a taxonomy of your own",
    "models": "captioners and reasoners that ask a model",
    "privacy": "what leaves the machine, and how to see to it that nothing does",
    "settings": "the variables RULER_*, and what holds where they are not set",
    "exit-codes": "what a command's exit code says",
}

TEXTS = {
    "outcomes": (
        "[bold]normal[/]        the score stays below the revision's threshold\n"
        "[bold]anomaly[/]       the score reaches it, and a rule with evidence says why\n"
        "[bold]undetermined[/]  somebody looked and could not tell; the reason is kept\n"
        "[bold]failed[/]        nobody could look (damaged frame, model error); it says why\n"
        "A failure is never normal. Coverage is the share of frames that were decided."
    ),
    "scores": (
        "A rule that holds on a caption gives a strength in \\[0, 1]. A frame's first score is\n"
        "1 - (1 - w1*s1)(1 - w2*s2)... over its anomaly rules, w being a rule's weight.\n"
        "Then: smooth (over time), reason (neighbours may overturn, either way), reflect (the\n"
        "taxonomy may overturn an event, either way). Each stage keeps the scores before it.\n"
        "A rule's level never enters the score. Frames between samples take the score before them."
    ),
    "files": (
        "[bold]Rules[/]     in the store (`ruler doctor` says where); out: `ruler rules export`,\n"
        "          back in: `ruler rules import`; changed: `ruler rules edit SCENE`\n"
        "[bold]Results[/]   runs/RUN/: run.json, frames.jsonl and .csv, events.jsonl, report.html\n"
        "[bold]frames.*[/]  a row a sampled frame; it speaks up to, not including, until_frame\n"
        "[bold]Drafts[/]    rule files in work, kept until they are saved (RULER_DRAFTS)\n"
        "Every file that people write begins with its kind: `schema: ruler/rules/v1`,\n"
        "ruler/taxonomy/v1, ruler/lexicon/v1 or ruler/dataset/v1. What is wrong in it is told\n"
        "with line and column, all at once."
    ),
    "rules": (
        "A rule is one statement of what is normal or an anomaly in a scene:\n\n"
        "  - id: front-door.night-stranger   [dim]stable, never reused[/]\n"
        "    kind: anomaly                   [dim]or normal: suppresses what `overrides` names[/]\n"
        "    level: high                     [dim]info, low, medium, high, critical[/]\n"
        "    statement: A person stays near the door at night.\n"
        "    look_for: \\[trying the handle]   [dim]words of a caption; -not, +as it is, =form[/]\n"
        "    measures: \\[{fact: dwell_seconds, above: 8}]    [dim]see: ruler help facts[/]\n"
        '    when: {hours: "23:00-05:00"}    [dim]decided by code, never by a model[/]\n'
        "    weight: 0.8                     [dim]see: ruler help scores[/]\n\n"
        "Gates and exceptions come first; then all `measures` must hold on one figure, and one of\n"
        "`look_for` must be said, asserted and not denied. Drafts never fire.\n"
        "ruler rules list, show, edit, lint, test, backtest, diff, log, approve; ruler rules packs"
    ),
    "taxonomy": (
        "A taxonomy names categories with normal and abnormal items and their levels. Rules carry\n"
        "an item as their category; reflection holds each event against it and may overturn it.\n\n"
        "  ruler taxonomy list                 those that ship, and your own\n"
        "  ruler taxonomy show smart-home      its items and words\n"
        "  ruler taxonomy new bakery           a file to begin with\n"
        "  ruler taxonomy validate bakery.yaml everything wrong with it, and its tests\n"
        "  ruler induce CLIP... --scene shop --taxonomy ./bakery.yaml\n\n"
        "A folder of your own taxonomies: RULER_TAXONOMIES. The scene remembers the one it was\n"
        "learned with."
    ),
    "models": (
        "Nothing needs a model: `motion` captions and `symbolic` reasons without one. With one:\n\n"
        "  --captioner openai:gpt-4o-mini      a vendor's model (its key in OPENAI_API_KEY)\n"
        "  --captioner vllm:MODEL              in this process; transformers:MODEL as well\n"
        "  --base-url http://127.0.0.1:8000/v1 any OpenAI-compatible server (key: RULER_API_KEY)\n"
        "  --reasoner PROVIDER:MODEL           statements of rules are put to it\n"
        "  --captioner replay:FOLDER           what was recorded with --record FOLDER\n\n"
        "Before: --estimate. Limits: --max-calls, --max-tokens, --max-cost. Afterwards: `ruler\n"
        "explain RUN --prompt` shows every question and answer. `ruler doctor --models` asks the\n"
        "servers whether they are there. Answers are kept and never paid twice."
    ),
    "privacy": (
        "Without a model nothing leaves the machine. With `local_only: true` in a rule file (or\n"
        "--local-only) every endpoint that is not on this machine is refused before anything is\n"
        "sent; --allow-host NAME lets one in.\n"
        "A model is sent pictures of the sampled frames, or captions and rules; never file names.\n"
        "Keys are never stored, printed or traced. A scene remembers the server it was learned\n"
        "with, and `detect` asks it again: use stores of people you trust.\n"
        "The store keeps captions and answers in plain text; `ruler cache prune` removes what no\n"
        "run needs."
    ),
    "exit-codes": (
        "[bold]0[/]  done\n[bold]1[/]  a finding (lint, test, backtest, doctor)\n"
        "[bold]2[/]  a mistake in usage or input; the sentence says what to do\n"
        "[bold]3[/]  incomplete: some frames failed, some clips could not be read, or an error\n"
        "[bold]130[/] interrupted; a detection goes on with `ruler detect --resume RUN`"
    ),
}


def settings() -> Iterator[tuple[str, str, str]]:
    """(variable, what it is, its value now) of each setting; a key is never shown."""
    from ruler import settings as module
    from ruler.cli.context import settings as read

    now = read()
    said = dict(_said_below(ast.parse(inspect.getsource(module))))
    for name in type(now).model_fields:
        value = getattr(now, name)
        yield f"RULER_{name.upper()}", said.get(name, ""), _shown(name, value)


def _shown(name: str, value: object) -> str:
    """A value without what is secret in it."""
    from ruler.llm.endpoints import without_secrets

    if value is None:
        return ""
    if name.endswith("api_key"):
        return "set"
    return without_secrets(str(value)) if "://" in str(value) else str(value)


def _said_below(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(field, the text below it) of the classes of a module."""
    for owner in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        for field, below in zip(owner.body, owner.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
            ):
                yield field.target.id, " ".join(str(below.value.value).split())
