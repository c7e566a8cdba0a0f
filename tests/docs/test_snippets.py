"""Every block of the documentation is what it says: files can be read, Python compiles."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable

import pytest
from ruamel.yaml import YAML

from rules_store.manifest_files import parse_manifest
from rules_store.rule_files import parse_rules
from rules_store.taxonomy_files import parse_taxonomy
from tests.docs.blocks import Block, pages
from tools.diagrams import parse

BLOCKS = [block for page in pages() for block in page.blocks]
HEADER = "schema: ruler/rules/v1\nscene: yard\n"


def read_yaml(block: Block) -> None:
    """A whole file is read by its schema, a list of rules as those of a scene."""
    for text in block.body.split("\n---\n"):
        if "schema: ruler/rules/" in text:
            parse_rules(text)
        elif "schema: ruler/taxonomy/" in text:
            parse_taxonomy(text)
        elif "schema: ruler/dataset/" in text:
            parse_manifest(text)
        elif text.lstrip().startswith("- id:"):
            scene = text.split("- id:")[1].split(".")[0].strip()
            parse_rules(f"schema: ruler/rules/v1\nscene: {scene}\nrules:\n{text}")
        elif text.startswith("rules:"):
            parse_rules(HEADER + text)
        else:
            YAML(typ="safe").load(text)


def read_python(block: Block) -> None:
    compile(block.body, block.place, "exec")


def read_lines(block: Block) -> None:
    for line in block.body.splitlines():
        json.loads(line)


def read_commands(block: Block) -> None:
    assert list(block.commands()), "no command in it"


READERS: dict[str, Callable[[Block], object]] = {
    "bash": read_commands,
    "console": read_commands,
    "json": lambda block: json.loads(block.body),
    "jsonl": read_lines,
    "mermaid": lambda block: parse(block.body),
    "python": read_python,
    "text": lambda block: None,
    "toml": lambda block: tomllib.loads(block.body),
    "yaml": read_yaml,
}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_a_block_is_what_it_says(block: Block) -> None:
    assert block.kind in READERS, f"{block.place}: say what the block is: {', '.join(READERS)}"
    READERS[block.kind](block)


def test_plain_text_holds_no_command() -> None:
    texts = [block for block in BLOCKS if block.kind == "text"]
    lines = [(block.place, line) for block in texts for line in block.body.splitlines()]
    assert not [one for one in lines if one[1].lstrip().startswith(("ruler ", "$ ", "make "))]
