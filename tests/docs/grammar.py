"""What is wrong with a command that stands in the documentation, without running it.

A command of ruler goes through the very parser that users meet; commands of other programs are
held against the Makefile, pyproject.toml and the scripts they name. Every other word has to be
one of the cast, a file of the page, or a path of the repository.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, get_args

import typer
import typer.main

from ruler.cli.app import app
from ruler.schemas.rules import Cameras, Place
from ruler.schemas.runs import Smoothing
from ruler.settings import Settings
from tests.docs.blocks import ROOT, Command
from tests.docs.cast import PROVIDERS, SCENES, is_known, is_placeholder

_ANYWHERE = ("--debug", "--install-completion", "--show-completion")
"""Options of every command; parsing the last two would already carry them out."""

_TOLERATED = ("MissingParameter", "BadOptionUsage", "NoArgsIsHelpError")
"""Errors of the parser that mean that something was left out."""

VALUES: dict[str, frozenset[str]] = {
    "place": frozenset(get_args(Place)),
    "cameras": frozenset(get_args(Cameras)),
    "mode": frozenset({"online", "offline"}),
    "by": frozenset({"frame", "clip"}),
    "smoothing": frozenset(get_args(Smoothing.model_fields["method"].annotation)),
    "scene": SCENES | frozenset({"run"}),
    "captioner": PROVIDERS | frozenset({"motion", "replay", "brightness"}),
    "reasoner": PROVIDERS | frozenset({"symbolic", "replay"}),
    "level": frozenset({"error", "warning", "info"}),
}
"""What parameters may be given that take a few words alone (before `@` or `:`)."""

UsageError: type[Exception] = typer.BadParameter.__mro__[1]
NO_MARKS = str.maketrans("", "", "[]")


def problems_of(command: Command, names: frozenset[str] = frozenset()) -> list[str]:
    """What is wrong with a command; `names` are words that its page knows beside the cast."""
    found: list[str] = []
    for words in _spelled_out(command):
        for part in _parts(words):
            found += _problems(part, command.is_whole, names)
    return found


def _spelled_out(command: Command) -> Iterator[list[str]]:
    """A mention may hold alternatives (`list|show`), optional words (`[EVENT]`) and `...`."""
    if command.is_whole:
        yield list(command.words)
        return
    plain = []
    for word in command.words:
        bare = word if "'" in command.text else word.translate(NO_MARKS)
        bare = bare.removesuffix("...").rstrip("…").rstrip(",")
        if bare:
            plain.append(bare.split("|") if "|" in bare and bare != "|" else [bare])
    for words in itertools.product(*plain):
        yield list(words)


def _parts(words: Sequence[str]) -> Iterator[list[str]]:
    """The single commands of a line with `&&`, `|` or `;`."""
    part: list[str] = []
    for word in words:
        if word in ("&&", "|", ";", "&"):
            yield part
            part = []
        else:
            part.append(word)
    yield part


def _problems(words: list[str], is_whole: bool, names: frozenset[str]) -> list[str]:
    found = []
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        found += _assigned(words.pop(0), names)
    if ">" in words:
        words, target = words[: words.index(">")], words[words.index(">") + 1 :]
        found += _unknown(target, names)
    if not words:
        return [*found, "there is no command"]
    check = CHECKS.get(words[0])
    if check is None:
        return [*found, f"{words[0]!r} is no program that the docs tests know"]
    return [*found, *check(words[1:], is_whole, names)]


def _unknown(words: Sequence[str], names: frozenset[str]) -> list[str]:
    """Words that are nothing that anybody knows."""
    return [
        f"{word!r} is neither a file here nor one of the cast (tests/docs/cast.py)"
        for word in words
        if not is_known(word, names) and not _exists(word)
    ]


def _exists(word: str) -> bool:
    """A path of the repository, however it is given; a bare word without a dot is none."""
    if not re.search(r"[./]", word) or word.startswith(("/", "~")):
        return False
    try:
        return any(ROOT.glob(word.removeprefix("./").rstrip("/") or "."))
    except (ValueError, NotImplementedError):
        return False


def _assigned(word: str, names: frozenset[str]) -> list[str]:
    name, _, value = word.partition("=")
    if name not in variables():
        return [f"{name} is no variable that ruler reads"]
    return [] if value in (".", "...", "1") or name.endswith("_KEY") else _unknown([value], names)


@cache
def variables() -> frozenset[str]:
    """Names of the environment that documentation may set."""
    ours = {f"RULER_{name.upper()}" for name in Settings.model_fields}
    keys = {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"}
    return frozenset(ours | keys | {"PYTHONPATH", "OMP_NUM_THREADS", "SHARED", "EDITOR", "FUZZ"})


# --- ruler -----------------------------------------------------------------------------------


def _ruler(words: list[str], is_whole: bool, names: frozenset[str]) -> list[str]:
    words = [word for word in words if word not in _ANYWHERE]
    try:
        values = list(_parsed(["1" if is_placeholder(word) else word for word in words]))
    except typer.Exit:  # --help, --version
        return []
    except UsageError as error:
        kind = type(error).__name__
        if is_whole or kind not in _TOLERATED:
            return [f"{kind}: {getattr(error, 'message', error)}"]
        plain = [word for word in words if not word.startswith("-") and word not in _verbs()]
        return _unknown(plain, names)
    found = []
    for name, value, said in values:
        allowed = VALUES.get(name)
        if allowed is None:
            found += _unknown([value], names | said)
            continue
        head, *tail = re.split("[@:]", value, maxsplit=1)
        if value != "1" and head not in allowed and not is_placeholder(head):
            found.append(f"{name} takes no {value!r}; known: {', '.join(sorted(allowed))}")
        found += ["nothing stands behind the sign"] if tail == [""] else _unknown(tail, names)
    return found


def _parsed(words: list[str]) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Parse as the command would, and give every text that a user put in, with its parameter and
    the words of that one's help, which names what it takes.

    Raises:
        typer.Exit: the command would end here.
        UsageError: the command would refuse.
    """
    command = tree()
    name, rest, context = "ruler", words, None
    while True:
        is_group = hasattr(command, "resolve_command")
        if is_group and not rest:  # it would print its help
            return
        context = command.make_context(name, rest, parent=context)
        if not is_group:
            break
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)
    given = {
        name: value
        for name, value in context.params.items()
        if context.get_parameter_source(name).name == "COMMANDLINE"
    }
    helped = {one.name: frozenset(re.findall(r"[\w-]+", one.help or "")) for one in command.params}
    for name, value in given.items():
        for text in value if isinstance(value, list | tuple) else [value]:
            if not isinstance(text, bool | int | float):
                yield name, str(text), helped[name]


@cache
def tree() -> Any:
    """ruler's command line as the parser sees it; building it takes a while."""
    return typer.main.get_command(app)


@cache
def _verbs() -> frozenset[str]:
    return frozenset(name for path, _ in commands() for name in path)


@cache
def commands() -> tuple[tuple[tuple[str, ...], Any], ...]:
    """Every command of ruler by its words: `("rules", "show")`."""

    def below(path: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
        yield path, command
        for name, child in getattr(command, "commands", {}).items():
            yield from below((*path, name), child)

    return tuple(below((), tree()))


# --- other programs ----------------------------------------------------------------------------


@cache
def _makefile() -> str:
    return (ROOT / "Makefile").read_text(encoding="utf-8")


def _make(words: list[str], is_whole: bool, names: frozenset[str]) -> list[str]:
    targets = set(re.findall(r"^([a-z][a-z-]*):", _makefile(), flags=re.MULTILINE))
    used = set(re.findall(r"\$\(?([A-Z]+)\)?", _makefile()))
    found = []
    for word in words:
        name, is_set, value = word.partition("=")
        if is_set and name not in used:
            found.append(f"the Makefile has no variable {name!r}")
        elif name == "EXTRA" and value not in (*_extras(), "NAME"):
            found.append(f"there is no extra {value!r}")
        elif not is_set and name not in targets and not is_placeholder(name) and name != "TARGET":
            found.append(f"the Makefile has no target {word!r}")
    return found


def _python(words: list[str], is_whole: bool, names: frozenset[str]) -> list[str]:
    if words[:1] == ["-m"]:
        module, *rest = words[1:]
        if module in CHECKS:
            return CHECKS[module](rest, is_whole, names)
        script = f"{module.replace('.', '/')}.py"
        words = [
            script if (ROOT / script).is_file() else script.replace(".py", "/__main__.py"),
            *rest,
        ]
    script, *rest = words
    if script in names:
        return _unknown([word for word in rest if not word.startswith("-")], names)
    path = ROOT / script
    if not path.is_file():
        return [f"there is no script {script!r}"]
    text = path.read_text(encoding="utf-8")
    found = [
        f"{script} has no option {word!r}"
        for word in rest
        if word.startswith("-") and f'"{word}"' not in text
    ]
    values = [word for word in rest if not word.startswith("-")]
    allowed = names | set(re.findall(r'"([\w-]+)"', text))
    return found + _unknown(values, frozenset(allowed))


@cache
def _extras() -> frozenset[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return frozenset(project["optional-dependencies"])


def _pip(words: list[str], is_whole: bool, names: frozenset[str]) -> list[str]:
    found = [] if words[:1] == ["install"] else [f"pip {' '.join(words[:1])} is not in use here"]
    for word in words[1:]:
        ours = re.fullmatch(r"(?:ruler-vad|\.)\[([\w,-]+)\]", word)
        if ours:
            found += [f"no extra {one!r}" for one in ours[1].split(",") if one not in _extras()]
        elif word not in ("ruler-vad", ".", "-e", "-c", "-q") and not _exists(word):
            found.append(f"pip install {word!r} is nothing of this project")
    return found


def _shell(*known: str) -> Callable[[list[str], bool, frozenset[str]], list[str]]:
    """A check for a program that takes these words, paths, and words that are known."""

    def check(words: list[str], is_whole: bool, names: frozenset[str]) -> list[str]:
        return _unknown([word for word in words if word not in known], names)

    return check


def _pytest(words: list[str], is_whole: bool, names: frozenset[str]) -> list[str]:
    values = [word for word in words if word not in ("-q", "-s", "-x", "-n", "-k", "0", "sixteen")]
    return _unknown(values, names)


def _export(words: list[str], is_whole: bool, names: frozenset[str]) -> list[str]:
    return [problem for word in words for problem in _assigned(word, names)]


CHECKS: dict[str, Callable[[list[str], bool, frozenset[str]], list[str]]] = {
    "ruler": _ruler,
    "make": _make,
    "python": _python,
    "python3": _python,
    "pip": _pip,
    "pytest": _pytest,
    "export": _export,
    "cd": _shell("ruler", ".."),
    ".": _shell(".venv/bin/activate"),
    "bash": _shell(".ci/run"),
    "git": _shell("clone", "add", "commit", "-m"),
    "uv": _shell("tool", "install", "--compile-bytecode", "--constraints", "."),
    "vllm": _shell("serve", "--port"),
    "mkdocs": _shell("build", "--strict", "serve"),
}
