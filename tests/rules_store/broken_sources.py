"""Ten rule files, broken by hand."""

from __future__ import annotations

NUMBERS_AND_NAMES = """\
schema: ruler/rules/v1
scene: front-door
treshold: 0.5
rules:
  - id: front-door.a
    title: A
    kind: anomalous
    levle: high
    level: High
    statement: s
    weight: 1.7
    zone: left
  - id: 1.10
    title: 2027
    kind: normal
    statement: yes
    weight: "0.8"
  - id: front-door.c
    title: true
    kind: normal
    weight: 0,8
"""

TWICE = """\
schema: ruler/rules/v1
scene: front-door
rules:
  - id: front-door.a
    title: A
    kind: anomaly
    statement: s
    title: B
  - id: back-door.b
    title: B
    kind: anomaly
    statement: s
    overrides: [front-door.a, Nobody]
  # the same again
  - title: C
    id: front-door.a
    kind: normal
    statement: s
"""

MEASURES = """\
schema: ruler/rules/v1
scene: hall
threshold: -0.1
rules:
  - id: hall.a
    title: A
    kind: anomaly
    statement: s
    measures:
      - {fact: dwel_seconds, above: 8}
      - fact: speed_ratio
      - {fact: speed_ratio, above: 3, below: 2, softness: 0}
      - {above: 1, fact: colour}
      - speed_ratio
      - {fact: novelty, above: .inf}
"""

WHEN = """\
schema: ruler/rules/v1
scene: hall
rules:
  - id: hall.a
    title: A
    kind: anomaly
    statement: s
    when: {hours: 23:00 - 05:00, weekdays: [Mon, tue], zones: left}
    exceptions:
      - {name: x, unless: y, until: 31.1.2027}
      - {name: "", unless: 7, until: 2027}
      - {name: z, until: "86400"}
      - unless: w
        name: w
        until: 2027-02-30
    origin: {by: me, votes: 7 of 10}
"""

EMPTY_VALUES = """\
schema: ruler/rules/v1
scene:
threshold: ~
rules:
  - id: hall.a
    title:
    kind: # which?
    statement: ""
    look_for:
      -
      - walking
    tests: none
    when:
  -
"""

WRONG_TYPES = """\
schema: ruler/rules/v1
scene: [hall]
threshold: high
rules:
  first:
    id: hall.a
"""

YAML_FEATURES = """\
schema: ruler/rules/v1
scene: hall
rules:
  - &first
    id: hall.a
    title: !!python/object/apply:os.system [reboot]
    kind: anomaly
    statement: &s text
    <<: *first
    look_for: [*s, "\\ud800"]
  - *first
"""

TRAPS = """\
schema: ruler/rules/v1
scene: Hall
rules:
  - id: hall
    title: t
    kind: anomaly
    statement: s
    look_for: [person: standing, 12, null, no, ""]
    tests: {fires: [x], fire: x}
    category: loitering
    ? [a, b]
    : c
"""

NO_SCHEMA = """\
# my rules
scene: hall
rules: []
notes: none
"""

UNFINISHED = """\
schema: ruler/rules/v1
scene: hall
scene: yard
rules:
  - id: hall.a
    title: A man: at the door
    kind: anomaly
"""
