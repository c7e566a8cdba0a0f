"""A rule file as a person writes it, and small changes to it."""

from __future__ import annotations

from ruler.schemas.rules import Rule, RuleSet
from rules_store.rule_files import parse_rules

EXAMPLE = """\
# The front door. Ask Kim before changing anything.
schema: ruler/rules/v1
scene: front-door
threshold: 0.5                         # set by hand or by calibration

rules:
  # --- at night ---
  - id: front-door.night-stranger      # stable, never reused
    title: 'Unknown person lingers at the door at night'
    kind: anomaly                      # anomaly | normal
    level: high
    status: experimental
    category: security.loitering       # an item id of the taxonomy
    subject: human_activity
    statement: A person stays near the door without a visible purpose.
    look_for: [standing at the door, trying the handle]
    measures: [{fact: dwell_seconds, above: 8}]
    weight: 0.8
    when: {hours: 23:00-05:00}         # evaluated by code
    exceptions: [{name: courier, unless: parcel, until: 2027-01-31}]
    overrides: []
    tests:                             # captions that must and must not fire
      fire:  ["A man in a hood stands at the door and tries the handle."]
      quiet:
        - A courier puts a parcel down and leaves.   # seen in May
        # the neighbour
        - "A woman waters the plants."
      todo:  ["A person crouches below the camera."]
    origin: {by: induced, votes: 7/10, references: ["clip01#120"], model: symbolic, prompt: null}

  # --- by day ---
  - id: front-door.usual
    title: People pass
    kind: normal
    statement: >-
      People come
      and go.
    overrides: [front-door.night-stranger]

# the end
"""


def example() -> RuleSet:
    return parse_rules(EXAMPLE)


def changed(rule_set: RuleSet, position: int, **values: object) -> RuleSet:
    """The rule set with other values in one rule."""
    edited = list(rule_set.rules)
    edited[position] = Rule.model_validate(edited[position].model_dump() | values)
    return RuleSet(scene=rule_set.scene, threshold=rule_set.threshold, rules=tuple(edited))
