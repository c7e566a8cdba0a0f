"""A miss: new rules are tried until one raises the alarm, and few others beside it."""

from __future__ import annotations

from itertools import islice

from ruler.jobs.said import Answered
from ruler.jobs.trying import Trial
from ruler.reasoners.symbolic.vocabulary import Vocabulary
from ruler.steps.approving import as_approved
from ruler.steps.feedback import COMMON, Change
from ruler.steps.noticing import noticing
from rules_store.taxonomy_files import load_lexicon

_MOST_TRIED = 16


def notice(trial: Trial) -> Answered:
    """The rule that raises an alarm there and on the fewest frames elsewhere; of equals the first.

    One that alarms on many others is none. Where no rule helps, the first that its test allows.
    """
    if trial.here(trial.before[trial.number]):
        return trial.answered(note=f"{trial.active.ref} raises an alarm there already")
    rules, lexicon = trial.active.rule_set, load_lexicon()
    for proposal in trial.proposals:
        if trial.here(trial.deduce_rules(as_approved(proposal.rule_set, rules))):
            return trial.answered(note=f"{proposal.ref} raises it already, once it is approved")
    normal = [rule for rule in rules.live if rule.kind == "normal"]
    vocabulary = Vocabulary(normal, lexicon.people, lexicon.stop_words)
    moment = trial.moment(trial.before[trial.number])
    taken = {rule.id for one in trial.proposals for rule in one.rule_set.rules}
    best: tuple[int, Change] | None = None
    allowed: Change | None = None
    for change in islice(noticing(rules, moment, vocabulary, taken), _MOST_TRIED):
        if not trial.passes([change]):
            continue
        after = trial.deduce([change])
        if not trial.here(after):
            allowed = allowed or change
            continue
        others = trial.raised_elsewhere(after)
        if others <= COMMON * len(after.verdicts) and (best is None or others < best[0]):
            best = others, change
        if best is not None and best[0] == 0:
            break
    chosen = best[1] if best else allowed
    return trial.told([chosen], {}) if chosen else trial.answered()
