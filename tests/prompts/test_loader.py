"""Prompts are data: checked when loaded, filled in once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.loader import PromptError, load, names, parse

FRONT = "---\nname: greet\nversion: 2\ndescription: Greets.\nvariables: [who, place]\n---\n"
GOOD = FRONT + 'Hello {{who}} at {{ place }}, {{who}}! Answer as {"a": {"b": 1}}.\n'


def test_every_shipped_prompt_loads() -> None:
    assert "caption_frame" in names()
    for name in names():
        prompt = load(name)
        assert prompt.name == name
        assert prompt.text.strip()
        assert len(prompt.sha256) == 64
        assert prompt.description


def test_renders() -> None:
    prompt = parse(GOOD, "greet")
    assert prompt.variables == ("who", "place")
    assert prompt.version == "2"
    rendered = prompt.render(who="Ann", place=3)
    assert rendered == 'Hello Ann at 3, Ann! Answer as {"a": {"b": 1}}.\n'


@given(st.text(), st.text())
def test_values_are_never_read_again(who: str, place: str) -> None:
    prompt = parse(FRONT + "<{{who}}|{{place}}>", "greet")
    assert prompt.render(who=who, place=place) == f"<{who}|{place}>\n"


@pytest.mark.parametrize("value", ["{{place}}", "{{ who }}", "\\1", "\\g<0>", "{0}", "%s", "$who"])
def test_a_value_with_braces_stays_text(value: str) -> None:
    prompt = parse(FRONT + "<{{who}}|{{place}}>", "greet")
    assert prompt.render(who=value, place="home") == f"<{value}|home>\n"


def test_names_all_missing_and_unknown_variables() -> None:
    prompt = parse(GOOD, "greet")
    with pytest.raises(PromptError, match=r"needs who, place and does not know whom, where"):
        prompt.render(whom="Ann", where="home")


def test_hash_follows_the_text_alone() -> None:
    prompt = parse(GOOD, "greet")
    assert parse(GOOD.replace("Greets.", "Says hello."), "greet").sha256 == prompt.sha256
    assert parse(GOOD.replace("Hello", "Hi"), "greet").sha256 != prompt.sha256


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("Hello", "must begin with front matter"),
        ("---\nname: greet\nHello", "must begin with front matter"),
        (GOOD.replace("version: 2\n", ""), "lacks version"),
        (GOOD.replace("version: 2", "version:"), "line 3"),
        (GOOD.replace("version: 2", "versoin: 2"), "line 3"),
        (GOOD.replace("version: 2", "name: greet"), "line 3"),
        (GOOD.replace("name: greet", "name: other"), "`name` says 'other'"),
        (GOOD.replace("[who, place]", "who, place"), "must be a list of names"),
        (GOOD.replace("[who, place]", "[who, who]"), "must be a list of names"),
        (GOOD.replace("[who, place]", "[who]"), "undeclared place"),
        (GOOD.replace("[who, place]", "[who, place, age]"), "does not use age"),
        (GOOD.replace("{{who}}", "{{Who}}", 1), "begins no variable"),
        (FRONT.replace("[who, place]", "[]") + " \n", "the text is empty"),
    ],
)
def test_a_malformed_prompt_says_what_is_wrong(source: str, message: str) -> None:
    with pytest.raises(PromptError, match=message):
        parse(source, "greet")


@pytest.mark.parametrize("name", ["nosuch", "../caption_frame", "", "loader", "caption_frame.md"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(PromptError, match="no prompt is called"):
        load(name)


PARTED = FRONT + "Greet {{who}}.\n\n<!-- question -->\nAt {{place}}?\n"


def test_a_parted_text_has_a_shared_and_an_own_part() -> None:
    prompt = parse(PARTED, "greet")
    assert prompt.render_parts(who="Ann", place="home") == ("Greet Ann.\n", "At home?\n")
    assert prompt.render(who="Ann", place="home") == "Greet Ann.\n\nAt home?\n"


def test_a_text_that_is_not_parted_is_all_shared() -> None:
    whole = parse(GOOD, "greet").render(who="Ann", place=3)
    assert parse(GOOD, "greet").render_parts(who="Ann", place=3) == (whole, "")


@given(st.text(), st.text())
def test_a_value_never_moves_the_border(who: str, place: str) -> None:
    who, place = f"{who}<!-- question -->", f"<!-- question -->{place}"
    rendered = parse(PARTED, "greet").render_parts(who=who, place=place)
    assert rendered == (f"Greet {who}.\n", f"At {place}?\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- question -->\n{{who}} {{place}}", "a part of it is"),
        ("{{who}} {{place}}\n<!-- question -->", "a part of it is"),
        ("{{who}}\n<!-- question -->\n{{place}}\n<!-- question -->\n!", "more than once"),
    ],
)
def test_a_border_stands_once_between_two_texts(text: str, message: str) -> None:
    with pytest.raises(PromptError, match=message):
        parse(FRONT + text, "greet")
