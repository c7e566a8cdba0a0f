"""The closed-class words of a language: what opens and ends scopes, and what carries no content.

Scopes follow NegEx (Chapman et al., 2001): a cue opens a scope that runs to the end of the clause
or to a word that turns it; some cues look back. English is complete; the others have the words
that captions use. Lemmas come from simplemma for all of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True)
class Language:
    """One language's closed classes, in lower case.

    Attributes:
        code: As simplemma calls it.
        articles: What begins a noun phrase with a subject of its own; after a comma it begins a new
            clause.
        joiners: May stand between the comma and the article ("and the", "then a").
        turns: Begin a new clause wherever they stand.
        negation: Cues that negate what follows in the clause.
        pseudo: Two words that look like a negation and are none ("not only").
        denying: Two words that negate what follows up to a comma ("instead of").
        relatives: Begin a clause about the noun before them; a denial stays in it.
        auxiliaries: Forms that carry the sentence on after such a clause ("a man without a helmet
            is riding").
        showing: Lemmas of verbs after which a denial goes on over a list ("does not show a car, a
            truck").
        examples: Two words, or one, after which examples of what was just named are listed; a
            denial of it holds for all of them ("no danger, such as a fire, a fight or theft").
        nobody: Words that negate the verb right before them ("attacks nobody").
        absent: Words that negate what stands before them ("cars are absent").
        seen: With a negation right before one of these, what stands before is negated ("cars are
            not visible").
        speculation: Cues that make what follows in the clause a guess.
        function_words: Words without content; a phrase may miss them and still be found.
        aside: What begins a remark on things that are not meant ("other than people, there are").
        markers: Frequent words that tell this language from the others.
        activity: Matches the surface of a word that says what somebody is doing; None where the
            form of a word does not tell.
    """

    code: str
    articles: frozenset[str]
    joiners: frozenset[str]
    turns: frozenset[str]
    negation: frozenset[str]
    pseudo: frozenset[str]
    denying: frozenset[str]
    showing: frozenset[str]
    examples: frozenset[str]
    relatives: frozenset[str]
    auxiliaries: frozenset[str]
    nobody: frozenset[str]
    absent: frozenset[str]
    seen: frozenset[str]
    speculation: frozenset[str]
    function_words: frozenset[str]
    aside: tuple[str, ...]
    markers: frozenset[str]
    activity: re.Pattern[str] | None = None

    @cached_property
    def commas(self) -> re.Pattern[str]:
        """Commas that end a clause: what follows has a subject of its own."""
        joiners, articles = _either(self.joiners), _either(self.articles)
        return re.compile(
            rf",\s*(?:(?:{joiners})\b,?\s*)*(?=(?:{articles})\b)",
            re.IGNORECASE,
        )

    @cached_property
    def turning(self) -> re.Pattern[str]:
        """Right before a word that turns the sentence: a clause begins with it."""
        return re.compile(rf"(?=\b(?:{_either(self.turns)})\b)", re.IGNORECASE)


def _either(words: frozenset[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word)))


ENGLISH = Language(
    code="en",
    articles=_words(
        """the a an another one two three four five six seven eight nine ten several some many each
        every there he she they it his her their someone somebody nobody everyone most both other"""
    ),
    joiners=_words("and or then next finally also lastly plus followed by"),
    turns=_words("but however although though while whereas"),
    negation=_words("no not never without nobody none neither nor cannot nothing lacking lacks"),
    pseudo=frozenset({"not only", "no doubt", "not just", "no sooner"}),
    denying=frozenset({"instead of", "rather than", "lack of", "absence of", "free of"}),
    showing=_words(
        """show contain include have feature depict display see observe detect notice exhibit
        indicate reveal find capture involve suggest"""
    ),
    examples=frozenset({"such as", "including"}),
    relatives=_words("who whose whom which that where"),
    auxiliaries=_words("is are was were has have seems appears"),
    nobody=_words("nobody nothing none"),
    absent=_words("absent missing nowhere unlikely"),
    seen=_words("visible present seen shown there apparent discernible observed detected evident"),
    speculation=_words(
        """may might could possibly perhaps maybe probably likely whether if potentially presumably
        seemingly"""
    ),
    function_words=_words(
        """a an the this that these those of in on at by to from with into onto near over under up
        down and or as is are was were be been being has have had do does did it its his her their
        they he she who which there here some any each other another one than then so very also"""
    ),
    aside=("other than", "apart from", "aside from", "besides", "in addition to", "except for"),
    markers=_words("the is are a an of and there with people no be"),
    activity=re.compile(r"[a-z]{2,}ing"),
)

GERMAN = Language(
    code="de",
    articles=_words(
        """der die das den dem ein eine einen einem einer zwei drei vier mehrere einige viele jeder
        es er sie man jemand niemand andere weitere"""
    ),
    joiners=_words("und oder dann schließlich"),
    turns=_words("aber jedoch doch obwohl während sondern"),
    negation=_words("kein keine keinen keinem keiner keines nicht nie niemals niemand ohne weder"),
    pseudo=frozenset({"nicht nur"}),
    denying=frozenset({"frei von"}),
    showing=_words("zeigen enthalten haben sehen erkennen beobachten bemerken"),
    examples=frozenset({"wie etwa", "zum beispiel", "beispielsweise"}),
    relatives=_words("der die das deren dessen welche welcher"),
    auxiliaries=_words("ist sind war waren hat haben wird werden"),
    nobody=_words("niemanden niemand nichts"),
    absent=_words("abwesend nirgends"),
    seen=_words("sichtbar zu vorhanden erkennbar"),
    speculation=_words(
        "vielleicht möglicherweise vermutlich wahrscheinlich könnte dürfte ob falls"
    ),
    function_words=_words(
        """der die das den dem des ein eine einen einem einer eines und oder als ist sind war waren
        sein wird werden hat haben in im an am auf bei mit von vom zu zum zur aus es er sie man
        sich"""
    ),
    aside=("außer", "abgesehen von", "neben"),
    markers=_words(
        "der die das ein eine einen und ist sind mit auf im nicht kein keine sich ohne geht steht"
    ),
)

FRENCH = Language(
    code="fr",
    articles=_words("le la les l un une des deux trois plusieurs quelques chaque il elle ils on"),
    joiners=_words("et ou puis enfin"),
    turns=_words("mais cependant toutefois alors bien"),
    negation=_words("ne n pas aucun aucune jamais sans ni personne rien"),
    pseudo=frozenset({"pas seulement"}),
    denying=frozenset({"lieu de", "absence de"}),
    showing=_words("montrer contenir avoir voir observer détecter"),
    examples=frozenset({"tel que", "telle que", "tels que", "telles que", "par exemple"}),
    relatives=_words("qui que dont où"),
    auxiliaries=_words("est sont était étaient a ont"),
    nobody=_words("personne rien"),
    absent=_words("absent absente absents absentes"),
    seen=_words("visible visibles présent présente"),
    speculation=_words("peut-être probablement possiblement pourrait semble si"),
    function_words=_words(
        """le la les l un une des du de d et ou est sont était a ont dans en sur sous à au aux avec
        par pour ce cette ces il elle ils elles on se qui que y être avoir"""
    ),
    aside=("à part", "hormis", "outre"),
    markers=_words("le la les une des et est sont dans avec sur aucun aucune pas il de du y"),
)

SPANISH = Language(
    code="es",
    articles=_words("el la los las un una unos unas dos tres varios varias cada alguien otro otra"),
    joiners=_words("y o luego finalmente"),
    turns=_words("pero aunque mientras sino"),
    negation=_words("no nunca sin ningún ninguna ninguno nadie nada ni tampoco"),
    pseudo=frozenset({"no solo", "no sólo"}),
    denying=frozenset({"lugar de", "ausencia de"}),
    showing=_words("mostrar contener haber ver observar detectar"),
    examples=frozenset({"tal como", "tales como", "por ejemplo"}),
    relatives=_words("que quien cuyo cuya donde"),
    auxiliaries=_words("es son está están era eran ha han"),
    nobody=_words("nadie nada"),
    absent=_words("ausente ausentes"),
    seen=_words("visible visibles presente presentes"),
    speculation=_words("quizás quizá posiblemente probablemente podría parece si"),
    function_words=_words(
        """el la los las un una unos unas de del y o es son está están era en a al con por para se
        que su sus lo hay ser estar haber"""
    ),
    aside=("además de", "aparte de", "excepto"),
    markers=_words("el la los las una y es está están en con hay no un de del se"),
)

LEMMAS: dict[str, dict[str, str]] = {
    "en": {
        "beating": "beat",
        "bent": "bend",
        "binding": "bind",
        "broke": "break",
        "burning": "burn",
        "buying": "buy",
        "closing": "close",
        "crosses": "cross",
        "crossing": "cross",
        "cutting": "cut",
        "drowning": "drown",
        "feeding": "feed",
        "fishing": "fish",
        "flooding": "flood",
        "following": "follow",
        "gathering": "gather",
        "greeting": "greet",
        "kidnapping": "kidnap",
        "masses": "mass",
        "playing": "play",
        "shelves": "shelf",
        "shook": "shake",
        "sitting": "sit",
        "smoking": "smoke",
        "swinging": "swing",
        "thieves": "thief",
        "wives": "wife",
        "wrestling": "wrestle",
        "writing": "write",
    }
}
"""Doings that simplemma takes for nouns of their own, while in captions they are what somebody
does, and forms that it leads back to another word."""

LANGUAGES: tuple[Language, ...] = (ENGLISH, GERMAN, FRENCH, SPANISH)

_LETTERS = re.compile(r"[^\W\d_]+")
_ENOUGH = 160
"""Characters that are looked at: a caption is in one language."""


def language_of(text: str) -> Language:
    """The language of a text by its most frequent words; English where nothing tells."""
    words = set(_LETTERS.findall(text[:_ENOUGH].lower()))
    return max(LANGUAGES, key=lambda language: len(words & language.markers))
