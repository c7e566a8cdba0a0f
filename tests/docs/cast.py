"""The names that examples in the documentation may use; any other word is taken for a slip."""

from __future__ import annotations

import re

from rules_store.packs import builtin_packs
from rules_store.taxonomy_files import builtin_taxonomies

PLACEERS = frozenset(
    "N/day BUDGET CAPTION CLIP CLIPS DIR EVENT FILE FOLDER ID LINE MANIFEST MODEL N NAME "
    "NORMAL NUMBER OLD NEW PATH PROVIDER REFERENCE RUN SCENE SECONDS SHARED TAXONOMY TOPIC URL "
    "YOUR_CLIP YOUR_NORMAL_CLIPS PROVIDER:MODEL SHARED/.. rules/*.yaml A.mp4 B.mp4".split()
)
"""Words in capitals for which the reader puts in something; `CLIP...` and `[CLIP]` as well."""

SCENES = frozenset(
    "front-door porch basin door hall ped2 corridor demo driveway swings playground yard office "
    "courtyard".split()
)
CLIPS = frozenset(
    "monday.mp4 tuesday.mp4 wednesday.mp4 thursday.mp4 friday.mp4 today.mp4 yesterday.mp4 "
    "normal.mp4 night.mp4".split()
)
RUNS = frozenset("friday friday-2 today today-2 today-3 night 20261121-190000-front-door".split())
MADE = frozenset(
    "out.json figures.json rules.schema.json backtest.html porch.yaml basin.yaml corridor.yaml "
    "front-door.yaml warehouse.yaml front-office.yaml care-home.yaml answers.yaml dataset.yaml "
    "rules.yaml office.yaml hall.yaml changed.yaml yard.yaml courtyard.yaml UCSDped2 "
    "recordings captions.jsonl".split()
)
"""Files and folders that a command of the reader's makes, or that the reader brings."""

DEMO = frozenset(
    f"demo/footage/{name}.mp4"
    for name in (
        *(f"references/reference{number}" for number in range(1, 7)),
        *(f"clips/{name}" for name in ("cyclist", "runner", "loiterer", "normal")),
    )
)
"""What `ruler demo` renders."""

RULES = frozenset(
    "front-door.fast front-door.parcel-taken front-door.night-stranger porch.fast "
    "porch.parcel-taken porch.wild-animal".split()
)
SHIPPED = frozenset((*builtin_packs(), *builtin_taxonomies()))
MODELS = frozenset("gpt-4o-mini Qwen/Qwen2.5-VL-7B-Instruct llava qwen2.5vl:7b".split())
PROVIDERS = frozenset("openai anthropic google_genai ollama vllm transformers".split())
CHOICES = frozenset(
    "normal home walkway street indoor any one many online offline motion symbolic brightness "
    "false-alarm missed anomaly undetermined anomalyruler error warning info gaussian ema majority "
    "none all facts outcomes scores files exit-codes German neighbour "
    "warehouse front-office frame clip".split()
)
DATA_SETS = (
    frozenset(
        f"{folder}/dataset.yaml"
        for folder in ("ped2", "avenue", "falls", "fights", "smarthome", "vau")
    )
    | {f"captions/{name}.dataset.yaml" for name in ("ped2", "avenue", "SHTech", "UBNormal", "*")}
    | {"captions", "captions/rules_ped2.txt", "UCSDped2/dataset.yaml"}
)
"""What lies in the folder that pages call SHARED."""

KNOWN = (
    SHIPPED | DEMO | SCENES | CLIPS | RUNS | MADE | RULES | MODELS | PROVIDERS | CHOICES | DATA_SETS
)

_NUMBER = re.compile(
    r"\d+(\.\d+)?(s|f|d|ms)?|\d+(\.\d+)?/(hour|day|week)|\d+(\.\d+)?-\d+(\.\d+)?"
    r"|\d{4}-\d\d-\d\d(T\d\d:\d\d)?"
)
_ADDRESS = re.compile(r"https?://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/v1)?")
_MARKED = re.compile(r"(?P<name>[^@#]+?)(?:@(?:\d+|N))?(?:#\d+)?")


def is_placeholder(word: str) -> bool:
    """True for a word that the reader replaces."""
    return word in PLACEERS


def is_free(word: str) -> bool:
    """True where no spelling is wrong: numbers, text of several words, an empty one."""
    return not word or " " in word or _NUMBER.fullmatch(word) is not None


def is_known(word: str, names: frozenset[str] = frozenset()) -> bool:
    """Whether a word is one of the cast, of `names`, a placeholder, free, or made of such."""
    if is_free(word) or is_placeholder(word) or word in KNOWN or word in names:
        return True
    if _ADDRESS.fullmatch(word):
        return True
    marked = _MARKED.fullmatch(word)
    if marked and marked["name"] != word:
        return is_known(marked["name"], names)
    if word.startswith("./"):
        return is_known(word.removeprefix("./"), names)
    for mark in (":", "/", ","):
        head, found, tail = word.partition(mark)
        if found and mark != "/" and head in (*CHOICES, *PROVIDERS, "replay"):
            return is_known(tail, names)
        if found and mark == "/" and head in ("SHARED", "demo", "runs", "RUN"):
            return is_known(tail, names)
    return False
