"""The table of recorded first answers: every prompt mode, baselines beside it.

    python benchmarks/answers.py MANIFEST [--shots N] [--json FILE]

Prints accuracy and F1 of the reflection by taxonomy alone and with weights learned from labelled
answers of other clips, beside the first answer and the other baselines, and the flips.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ruler.evaluation.answers import evaluate_answers
from ruler.schemas.datasets import AnswersManifest, EvalResult
from rules_store.manifest_files import load_manifest

MODES = ("zeroshot", "fewshot", "cot", "icl")
WAYS = ("first_answer", "always_anomaly", "category_majority", "ten_rules_one_way")


def percent(value: float | None) -> str:
    """A share for the table."""
    return "-" if value is None else f"{100 * value:.1f}"


def row(title: str, figures: dict[str, float | None], start: str = "") -> str:
    """One line: accuracy, F1, and both without the categories that are left out."""
    names = ("accuracy", "f1", "accuracy_without", "f1_without")
    return f"| {title} | " + " | ".join(percent(figures.get(start + name)) for name in names) + " |"


def table(mode: str, alone: EvalResult, learned: EvalResult) -> str:
    """A mode's table."""
    figures = alone.metrics
    lines = [
        f"### {mode}: {alone.frames} answers, coverage {percent(figures['coverage'])}",
        "| | accuracy | F1 | accuracy without | F1 without |",
        "|---|---|---|---|---|",
        row("reflected, no labels", figures),
        row("reflected, learned", learned.metrics),
        *(row(way.replace("_", " "), alone.baselines, f"{way}_") for way in WAYS),
        f"interval {percent(figures['accuracy_low'])} to {percent(figures['accuracy_high'])}; "
        + "; ".join(
            f"{way.replace('_', ' ')} {figures[f'flips_{way}_right']:.0f} right, "
            f"{figures[f'flips_{way}_wrong']:.0f} wrong"
            for way in ("to_anomaly", "to_normal")
        ),
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--shots", type=int, default=100)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    manifest = load_manifest(chosen.manifest)
    if not isinstance(manifest, AnswersManifest):
        parser.error("the manifest must be of kind answers")
    base, found = chosen.manifest.parent, {}
    for mode in MODES:
        one = manifest.model_copy(update={"filter": {**manifest.filter, "mode": mode}})
        alone = evaluate_answers(one, base).result
        learned = evaluate_answers(one, base, learn_from=[(one, base)], shots=chosen.shots).result
        found[mode] = {"alone": alone.metrics, "learned": learned.metrics}
        print(table(mode, alone, learned), end="\n\n")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
