"""`ruler taxonomy`: list, show, new, validate, try, map, rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ruler.cli import completing, console, options
from ruler.errors import InputError

if TYPE_CHECKING:
    from ruler.jobs.taxonomies import Known
    from ruler.jobs.taxonomy_maps import Mapped
    from ruler.schemas.taxonomy import TaxonomyItem

app = typer.Typer(
    help="Look at taxonomies, write and check your own, and turn one into rules.",
    no_args_is_help=True,
)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME|FILE",
        autocompletion=completing.taxonomy,
        help="A taxonomy by name, or a file.",
    ),
]


@app.command("list")
def list_taxonomies(as_json: options.AsJson = False) -> None:
    """List the taxonomies that have a name, and who supplies each: ruler, a file in the folder
    RULER_TAXONOMIES, or an installed package.

    Example: ruler taxonomy list
    """
    from ruler.jobs.taxonomies import known_taxonomies

    known = known_taxonomies()
    if as_json:
        console.emit_json([_listed(one) for one in known])
        return
    for one in known:
        head = f"[bold]{console.plain(one.name)}[/]"
        source = f"[dim]({console.plain(one.origin)})[/]"
        if one.taxonomy is None:
            why = "; ".join((one.problem or "").splitlines())
            console.say(f"{head}  [red]cannot be used[/] {source}: {console.plain(why)}")
            continue
        row = _listed(one)
        console.say(
            f"{head}  {console.plain(row['title'])}: {row['categories']} categories, "
            f"{row['normal']} normal and {row['abnormal']} abnormal items {source}"
        )


def _listed(one: Known) -> dict[str, object]:
    if one.taxonomy is None:
        return {"id": one.name, "from": one.origin, "problem": one.problem}
    items = one.taxonomy.items
    return {
        "id": one.name,
        "from": one.origin,
        "title": one.taxonomy.title or one.name,
        "categories": len(one.taxonomy.categories),
        "normal": sum(item.kind == "normal" for item in items),
        "abnormal": sum(item.kind == "abnormal" for item in items),
    }


@app.command("new")
def new_taxonomy(
    name: Annotated[str, typer.Argument(help="What it is called, such as front-office.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; NAME.yaml if not given.")
    ] = None,
) -> None:
    """Write a commented taxonomy file to begin with. docs/taxonomies.md explains every key.

    Example: ruler taxonomy new front-office
    """
    from ruler.jobs.taxonomies import write_starter

    file = out or Path(f"{name}.yaml")
    write_starter(name, file)
    console.say(f"Wrote {console.plain(file)}. Next: ruler taxonomy validate {console.plain(file)}")


@app.command("show")
def show_taxonomy(name: Name, as_json: options.AsJson = False) -> None:
    """Show the categories and items of a taxonomy.

    Example: ruler taxonomy show smart-home
    """
    from rules_store.taxonomy_files import load_taxonomy

    taxonomy = load_taxonomy(name)
    if as_json:
        console.emit_json(taxonomy.model_dump(mode="json"))
        return
    console.say(f"[bold]{console.plain(taxonomy.title or taxonomy.id)}[/] ({taxonomy.id})")
    for category in taxonomy.categories.values():
        console.say(f"\n[bold]{console.plain(category.title)}[/]")
        for item in category.items:
            _show_item(item)


def _show_item(item: TaxonomyItem) -> None:
    """What an item is called, what it means, and the words and conditions it goes by."""
    from rich.padding import Padding
    from rich.text import Text

    colour = "green" if item.kind == "normal" else "yellow"
    console.say(f"  [{colour}]{item.id}[/]  {item.kind}, {item.level}")
    console.show(Padding(Text(console.printable(item.statement, keep="")), (0, 0, 0, 6)))
    said = {"look for": item.look_for, "unless": item.unless, "only if": item.only_if}
    for what, phrases in said.items():
        if phrases:
            text = Text(f"{what}: {console.printable(', '.join(phrases), keep='')}", style="dim")
            console.show(Padding(text, (0, 0, 0, 6)))


@app.command("validate")
def validate_taxonomy(
    file: Name,
    strict: Annotated[
        bool, typer.Option("--strict", help="Weak places count as findings, too.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Check a taxonomy: all errors at once (exit code 2), tests that fail (1), weak places (0).

    Example: ruler taxonomy validate ./warehouse.yaml
    """
    from ruler.jobs.taxonomies import review
    from rules_store.taxonomy_files import load_taxonomy

    taxonomy = load_taxonomy(file)
    remarks = review(taxonomy)
    if as_json:
        console.emit_json([vars(remark) for remark in remarks])
    else:
        for remark in remarks:
            mark = "[red]test[/]   " if remark.kind == "test" else "[yellow]warning[/]"
            console.say(
                f"{mark} [bold]{console.plain(remark.where)}[/]: {console.plain(remark.said)}"
            )
        console.say(f"{taxonomy.id} is valid: {len(taxonomy.items)} items.")
    if any(strict or remark.kind == "test" for remark in remarks):
        raise typer.Exit(1)


@app.command("try")
def try_taxonomy(
    name: Name,
    text: Annotated[str, typer.Argument(help="What a captioner would say of a clip.")],
    first: Annotated[
        str, typer.Option("--first", help="First answer: normal, anomaly or undetermined.")
    ] = "undetermined",
    as_json: options.AsJson = False,
) -> None:
    """Hold a sentence against a taxonomy: which items it speaks of, what keeps others from
    counting, and what reflection makes of a first answer.

    Example: ruler taxonomy try smart-home "A child climbs the shelf." --first normal
    """
    from ruler.jobs.taxonomy_trials import FirstAnswer, try_text
    from rules_store.taxonomy_files import load_taxonomy

    tried = try_text(load_taxonomy(name), text, console.one_of("--first", FirstAnswer, first))
    if as_json:
        console.emit_json(tried.as_data())
        return
    marks = {"heard": "[green]counts[/]  ", "excused": "[yellow]excused[/] "}
    for found in tried.heard:
        mark = marks.get(found.how, f"[dim]{found.how:<8}[/]")
        quote = f': "{console.plain(found.quote)}"' if found.quote else ""
        why = f" [dim]({console.plain(found.why)})[/]" if found.why else ""
        console.say(f"{mark} [bold]{found.item.id}[/] {found.item.kind}{quote}{why}")
    if not tried.heard:
        console.say("No item comes near.")
    done = tried.reflection
    console.say(f"{done.first} -> [bold]{done.second}[/]: {console.plain(done.why)}")


@app.command("map")
def map_taxonomies(first: Name, second: Name, as_json: options.AsJson = False) -> None:
    """Show which items of two taxonomies are counterparts, by the `maps` of either, and which have
    none.

    Example: ruler taxonomy map care-home.yaml general
    """
    from ruler.jobs.taxonomy_maps import mapped
    from rules_store.taxonomy_files import load_taxonomy

    found = mapped(load_taxonomy(first), load_taxonomy(second))
    if as_json:
        console.emit_json(_mapped(found))
        return
    for pair in found.pairs:
        by = " and ".join(pair.said_by)
        is_alike = pair.item.kind == pair.counterpart.kind
        other = "" if is_alike else f" [yellow]({pair.counterpart.kind} there)[/]"
        console.say(
            f"[bold]{pair.item.id}[/] = [bold]{pair.counterpart.id}[/]{other} [dim](by {by})[/]"
        )
    sides = ((found.first, found.only_first), (found.second, found.only_second))
    for taxonomy, alone in sides:
        if alone:
            listed = ", ".join(item.id for item in alone)
            console.say(f"Without counterpart in {taxonomy.id}: {listed}")
    count = len(found.pairs)
    console.say(f"{count} {'pair' if count == 1 else 'pairs'} of counterparts.")


def _mapped(found: Mapped) -> dict[str, object]:
    return {
        "first": found.first.id,
        "second": found.second.id,
        "pairs": [
            {"item": pair.item.id, "counterpart": pair.counterpart.id, "said_by": pair.said_by}
            for pair in found.pairs
        ],
        "only_first": [item.id for item in found.only_first],
        "only_second": [item.id for item in found.only_second],
    }


@app.command("rules")
def write_rules(
    name: Name,
    scene: options.Scene,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; stdout if not given.")
    ] = None,
) -> None:
    """Write a rule file with a rule for every item, normal and abnormal, by the items' own words.

    Example: ruler taxonomy rules care-home.yaml --scene corridor --out corridor.yaml
    """
    import sys

    from ruler.jobs.taxonomies import rule_file
    from rules_store.taxonomy_files import load_taxonomy

    source = rule_file(load_taxonomy(name), scene)
    if out is None:
        sys.stdout.buffer.write(source.encode())
        return
    try:
        out.write_bytes(source.encode())
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.") from error
    console.say(f"Wrote {console.plain(out)}")
