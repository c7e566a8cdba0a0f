"""The JSON Schema of rule files, for editors: made from the models, with what each key means."""

from __future__ import annotations

from typing import Any

from ruler.schemas.facts import FACTS
from ruler.schemas.rules import RULES_SCHEMA, RuleSet

_MEANINGS: dict[str, dict[str, str]] = {
    "RuleSet": {
        "schema": "The kind and version of this file.",
        "scene": "The camera view that the rules are for; every rule id begins with it.",
        "place": "What the camera looks at; it says which facts induction watches.",
        "cameras": "many: the clips share no view, so only facts that carry over are watched.",
        "local_only": "What this scene shows never leaves the machine.",
        "threshold": "A frame is an anomaly from this score on; set by hand or by calibration.",
        "rules": "The rules, in any order.",
    },
    "Rule": {
        "id": "Stable and never reused: the scene's name, a dot, and a name of its own.",
        "title": "A line for people.",
        "kind": "anomaly raises the score; normal describes what is usual.",
        "level": "How grave it is; it never enters the score.",
        "status": "Drafts and deprecated rules never score; a stable rule has tests.",
        "category": "An item id of the taxonomy, such as security.forced-entry.",
        "subject": "What people do, or what is around them.",
        "statement": "One sentence that says what is seen; a model reasoner reads it.",
        "look_for": "Phrases; one must stand in a caption, in any form, not negated. Signs: "
        "-word must not be there, +word must stand there, =word in this very form.",
        "measures": "Bounds on measured facts; all must hold on one figure.",
        "weight": "How far a full match raises the score, from 0 to 1.",
        "when": "Gates that code evaluates; one that is left out is open.",
        "exceptions": "Cases in which the rule does not apply.",
        "overrides": "Ids of anomaly rules that this normal rule holds back.",
        "replaces": "On a draft: the id of the rule whose place it takes once approved.",
        "tests": "Captions that must fire, must not fire, and known misses.",
        "origin": "Where the rule came from.",
    },
    "Measure": {
        "fact": "What is measured: see `ruler help facts`.",
        "above": "The fact must be above this.",
        "below": "The fact must be below this.",
        "softness": "How softly the strength rises around the bound, in the fact's unit.",
    },
    "When": {
        "hours": "Clock times such as 23:00-05:00; they may run over midnight.",
        "weekdays": "Days on which the rule counts.",
        "zones": "Parts of the picture.",
        "presence": "Who is home.",
    },
    "RuleException": {
        "name": "A name for reports.",
        "unless": "A phrase; where it stands in the caption the rule does not apply.",
        "until": "The last day on which the exception holds, such as 2027-01-31.",
    },
    "RuleTests": {
        "fire": "Captions on which the rule must fire.",
        "quiet": "Captions on which it must not fire.",
        "todo": "Known misses: reported, not failing.",
    },
    "Origin": {
        "by": "Who made the rule.",
        "votes": "Supporting batches of all, such as 7/10.",
        "references": "The references it was learned from.",
        "model": "The model that wrote it.",
        "prompt": "The prompt it was written by.",
        "note": "A remark.",
    },
}

_HOURS = "^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"


def rules_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a rule file.

    It accepts every valid file; what needs two values to be told (ids that stand twice) is for
    `ruler rules lint` to say.
    """
    made = RuleSet.model_json_schema()
    definitions = made.pop("$defs")
    properties = {"schema": {"const": RULES_SCHEMA}, **made["properties"]}
    whole = {**made, "properties": properties, "required": ["schema", *made["required"]]}
    for name, schema in {**definitions, "RuleSet": whole}.items():
        schema.pop("description", None)
        for key, meaning in _MEANINGS[name].items():
            schema["properties"][key] = _property(schema["properties"][key], meaning)
    definitions["When"]["properties"]["hours"]["anyOf"][0]["pattern"] = _HOURS
    measure = definitions["Measure"]
    measure["properties"]["fact"]["enum"] = sorted(FACTS)
    measure["anyOf"] = [{"required": ["above"]}, {"required": ["below"]}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **whole,
        "title": "ruler rule file",
        "$defs": definitions,
    }


def _property(given: dict[str, Any], meaning: str) -> dict[str, Any]:
    kept = {key: value for key, value in given.items() if key not in ("title", "description")}
    return {"description": meaning, **kept}
