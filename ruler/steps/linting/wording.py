"""Words that say the opposite, nothing, what no camera sees, or who somebody is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ruler.schemas.rules import Rule, RuleSet
from ruler.steps.linting.base import Code, KeyPath, LintContext, Note, texts_of
from ruler.steps.linting.models import instruction_in
from ruler.steps.linting.names import name_in
from ruler.text.analysis import analyse
from ruler.text.languages import language_of
from ruler.text.words import Token

CODES = (
    Code(
        "RL701",
        "warning",
        "Double negation",
        "Say what is seen, without the two negations; models and readers stumble over them.",
    ),
    Code(
        "RL702",
        "warning",
        "The words say the opposite of the kind",
        "Check `kind`, and `usual` for `unusual`; say what is seen rather than how odd it is.",
    ),
    Code(
        "RL703",
        "warning",
        "Vague words only",
        "Say what a camera shows when it happens: who does what, where, with what.",
    ),
    Code(
        "RL704",
        "warning",
        "A sense or an insight that a camera does not have",
        "Say by what it is seen: a posture, a movement, a thing, a place.",
    ),
    Code(
        "RL705",
        "error",
        "Text that reads as an instruction to a model",
        "Describe what is seen; a rule tells a model nothing about how to answer.",
    ),
    Code(
        "RL706",
        "warning",
        "A personal name",
        "Say what sets the person apart in the picture (a uniform, a key), not who it is.",
    ),
)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CALM = _set(
    """normal usual typical ordinary customary harmless innocuous unsuspicious unremarkable
    normally usually typically üblich gewöhnlich gewohnt harmlos unauffällig"""
)
_ALARMING = _set(
    """suspicious unusual abnormal anomalous anomaly strange weird odd threatening untypical
    atypical unexpected suspiciously unusually verdächtig ungewöhnlich auffällig seltsam"""
)
_CONTRAST = _set(
    """than beyond outside out unlike exceed exceeding against over above under below other without
    deviate deviating deviation comparison compare contrast from instead before after despite
    except interrupt disturb break block where only differ different differently
    times twice more less leave unusual unusually als außerhalb mehr weniger anders mal"""
)
_DENIED_FORMS = _set(
    """unusual uncommon abnormal unexpected untypical atypical irregular unlikely unknown uninvited
    unauthorised unauthorized unlawful illegal impossible unattended unsafe"""
)
_CUES = _set("no not never nobody nothing none cannot without neither")
_SECOND_CUES = _set("not never nobody nothing none cannot without no")
_VAGUE = _set(
    """something anything someone somebody anyone suspicious suspiciously strange strangely odd
    oddly weird weirdly unusual unusually abnormal abnormally anomalous anomaly behaviour behavior
    behave activity act action act thing happen occur do look seem appear event situation way bad
    wrong incident person people man woman individual human be go on irregular untypical atypical
    unexpected dangerous threatening person's kind sort verdächtig ungewöhnlich seltsam person etwas
    jemand verhalten aktivität"""
)
_VAGUE_SIGNS = _VAGUE - _set(
    "person people man woman individual human someone somebody person's go"
)
_NO_SIGHT = _set(
    """hear sound noise noisy loud loudly think want wish smell scent odour
    odor stink temperature intend intention intent intentional intentionally feel feeling
    believe belief identity motive thought hören geräusch
    geruch riechen absicht temperatur fühlen identität"""
)
_NEAR = 4


def check(rules: RuleSet, context: LintContext) -> Iterator[Note]:
    """All findings of this family."""
    for place, rule in enumerate(rules.rules):
        path: KeyPath = ("rules", place)
        told: set[tuple[str, KeyPath]] = set()
        for note in _in_rule(rule, path, context):
            if (note.code, note.path) not in told:
                told.add((note.code, note.path))
                yield note


def _in_rule(rule: Rule, path: KeyPath, context: LintContext) -> Iterator[Note]:
    for key, text in (("title", rule.title), ("statement", rule.statement)):
        here, tokens = (*path, key), analyse(text)
        yield from _negations(text, tokens, here)
        if said := _polarity(rule, tokens):
            yield Note("RL702", here, said)
        yield from _unseen(tokens, here)
    yield from _vague(rule, path)
    for number, phrase in enumerate(rule.look_for):
        yield from _unseen(analyse(phrase), (*path, "look_for", number))
    for way, text in texts_of(rule, tests=True):
        if way[0] != "tests" and (quoted := instruction_in(text)):
            yield Note("RL705", (*path, *way), f"`{quoted}` reads as an instruction to a model")
        if name := name_in(text, context.given_names):
            yield Note("RL706", (*path, *way), f"`{name}` looks like a personal name")


def _negations(text: str, tokens: Sequence[Token], here: KeyPath) -> Iterator[Note]:
    words = [text[token.start : token.stop].lower() for token in tokens]
    for at, word in enumerate(words):
        if word not in _CUES and not word.endswith(("n't", "n’t")):
            continue
        for after in range(at + 1, min(at + _NEAR, len(words))):
            gap = text[tokens[after - 1].stop : tokens[after].start]
            if (
                tokens[after].clause != tokens[at].clause
                or "," in gap
                or words[after] in ("and", "or")
            ):
                break
            second = words[after]
            is_cue = second in _SECOND_CUES or second.endswith(("n't", "n’t"))
            if is_cue or (second in _DENIED_FORMS and word in ("not", "never", "cannot")):
                said = text[tokens[at].start : tokens[after].stop]
                yield Note("RL701", here, f"`{said}` denies twice")
                return


def _polarity(rule: Rule, tokens: Sequence[Token]) -> str | None:
    clauses: dict[int, list[Token]] = {}
    for token in tokens:
        clauses.setdefault(token.clause, []).append(token)
    wrong = _CALM if rule.kind == "anomaly" else _ALARMING
    for clause in clauses.values():
        lemmas = {token.lemma for token in clause}
        if rule.kind == "anomaly" and lemmas & _CONTRAST:
            continue
        for token in clause:
            if token.lemma in wrong and not token.is_negated:
                return f"`{token.lemma}` in a rule of `kind: {rule.kind}`"
    return None


def _unseen(tokens: Sequence[Token], here: KeyPath) -> Iterator[Note]:
    for token in tokens:
        if token.lemma in _NO_SIGHT:
            yield Note("RL704", here, f"`{token.lemma}` is nothing that a picture shows")
            return


def _vague(rule: Rule, path: KeyPath) -> Iterator[Note]:
    vague = [number for number, phrase in enumerate(rule.look_for) if _is_vague(phrase)]
    for number in vague:
        said = f"`{rule.look_for[number]}` could be anything"
        yield Note("RL703", (*path, "look_for", number), said)
    if len(vague) == len(rule.look_for) and not rule.measures and _is_vague(rule.statement):
        yield Note("RL703", (*path, "statement"), "the statement could mean anything")


def _is_vague(text: str) -> bool:
    """Only words that name no sight, and one of them more than that somebody is there."""
    idle = language_of(text).function_words
    words = {token.lemma for token in analyse(text)} - idle
    return bool(words & _VAGUE_SIGNS) and words <= _VAGUE
