"""Taxonomies by name: a team's folder, installed packages, and what is wrong with either."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from ruler.errors import FileProblems, InputError, UnknownNameError
from ruler.jobs.taxonomies import known_taxonomies
from rules_store.taxonomy_files import builtin_taxonomies, load_taxonomy

MINE = """\
schema: ruler/taxonomy/v1
id: mine
categories:
  yard:
    title: The yard
    items:
      - {id: yard.cat, kind: normal, title: Cat, statement: A cat walks by., look_for: [cat]}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "taxonomies"
    place.mkdir()
    monkeypatch.setenv("RULER_TAXONOMIES", str(place))
    return place


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages."""
    place = tmp_path / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(str(place))
    return place


def install(site: Path, package: str, code: str, points: dict[str, str]) -> None:
    """What pip leaves behind: a module, and the metadata of its distribution."""
    (site / f"{package}.py").write_text(code, encoding="utf-8")
    info = site / f"{package}-2.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 2.1\n")
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[ruler.taxonomies]", *lines, ""]))
    importlib.invalidate_caches()


def test_a_folder_gives_names(folder: Path) -> None:
    (folder / "mine.yaml").write_text(MINE)
    (folder / ".hidden.yaml").write_text("nonsense")
    (folder / "notes.txt").write_text("nonsense")
    assert load_taxonomy("mine").id == "mine"
    (mine,) = known_taxonomies()[len(builtin_taxonomies()) :]
    assert (mine.name, mine.origin, mine.problem) == ("mine", str(folder / "mine.yaml"), None)
    with pytest.raises(UnknownNameError, match="did you mean `mine`"):
        load_taxonomy("mina")


def test_a_file_is_called_as_it_calls_itself(folder: Path) -> None:
    (folder / "other.yaml").write_text(MINE)
    with pytest.raises(InputError, match=r"other.yaml: it calls itself `mine`"):
        load_taxonomy("other")


def test_a_broken_file_disturbs_no_other(folder: Path) -> None:
    (folder / "mine.yaml").write_text(MINE)
    (folder / "bad.yaml").write_text(MINE.replace("id: mine", "id: bad\nnonsense: 1"))
    with pytest.raises(FileProblems, match=r"bad.yaml:3:1: unknown key `nonsense`"):
        load_taxonomy("bad")
    by_name = {one.name: one for one in known_taxonomies()}
    assert "unknown key" in (by_name["bad"].problem or "")
    assert by_name["mine"].taxonomy == load_taxonomy("mine")


def test_shipped_names_keep_their_meaning(folder: Path) -> None:
    (folder / "general.yaml").write_text(MINE.replace("id: mine", "id: general"))
    assert load_taxonomy("general").item("yard.cat") is None
    last = known_taxonomies()[-1]
    assert last.origin == str(folder / "general.yaml")
    assert last.problem == "the name is taken by that of ruler"


def test_a_folder_that_is_none(folder: Path) -> None:
    folder.rmdir()
    assert load_taxonomy("general").id == "general"
    with pytest.raises(InputError, match=r"RULER_TAXONOMIES names .*No such file"):
        load_taxonomy("mine")


@pytest.mark.parametrize(
    "code",
    [
        "from pathlib import Path\nIT = Path(__file__).with_name('mine.yaml')\n",
        "from pathlib import Path\nIT = str(Path(__file__).with_name('mine.yaml'))\n",
    ],
)
def test_a_package_supplies_one(site: Path, code: str, request: pytest.FixtureRequest) -> None:
    package = f"supplier_{abs(hash(request.node.name))}"
    (site / "mine.yaml").write_text(MINE)
    install(site, package, code, {"mine": f"{package}:IT"})
    assert load_taxonomy("mine").id == "mine"
    assert known_taxonomies()[-1].origin == f"package {package} 2.1"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{}:NOTHING", "AttributeError"),
        ("{}:NUMBER", "TypeError: it is a int, not a path or a resource"),
        ("{}:GONE", "FileNotFoundError"),
        ("no_such_module_here:IT", "ModuleNotFoundError"),
    ],
)
def test_a_broken_package_is_named_and_disturbs_no_other(
    site: Path, value: str, said: str, request: pytest.FixtureRequest
) -> None:
    package = f"broken_{abs(hash(request.node.name))}"
    install(
        site, package, "NUMBER = 3\nGONE = '/nowhere/x.yaml'\n", {"mine": value.format(package)}
    )
    with pytest.raises(InputError) as caught:
        load_taxonomy("mine")
    assert f"taxonomy `mine` of package {package} 2.1 cannot be loaded" in str(caught.value)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert load_taxonomy("general").id == "general"
    assert said in (known_taxonomies()[-1].problem or "")


def test_problems_of_a_package_name_it(site: Path) -> None:
    (site / "wrong.yaml").write_text(MINE.replace("id: mine", "id: mine\nnonsense: 1"))
    code = "from pathlib import Path\nIT = Path(__file__).with_name('wrong.yaml')\n"
    install(site, "wrong_supplier", code, {"mine": "wrong_supplier:IT"})
    with pytest.raises(FileProblems, match=r"package wrong_supplier 2.1: wrong.yaml:3:1: unknown"):
        load_taxonomy("mine")
