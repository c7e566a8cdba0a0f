"""`report.html`: one file that opens offline, asks nothing of any server, and prints.

Foreign text (captions, names, rules) passes Jinja's autoescape in the page, `plot_text` in charts,
and `_json` inside a script. A content security policy that knows the hash of each script is the
second wall: text that broke out of the first could still not run.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import threading
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from ruler.reporting.atomic import AtomicText
from ruler.reporting.charts import plotly_figure
from ruler.reporting.model import Report
from ruler.reporting.spending import spending
from ruler.reporting.views import clip_views
from ruler.reporting.words import clean, clock, count, duration, percent, summary


def write_report(path: Path, report: Report) -> None:
    """Write a report; the file appears whole or not at all.

    Args:
        path: Usually `runs/<run id>/report.html`.
        report: What it says. The file is about 2 MB with charts (plotly, packed) plus its pictures.

    Raises:
        RunError: the file cannot be written.
    """
    clips = clip_views(report)
    figures = {
        view.anchor: plotly_figure(view.clip, view.clip.curve, report.threshold)
        for view in clips
        if view.clip.curve is not None and view.clip.curve.times
    }
    script = source("report.js")
    packed, plotly_hash = _plotly() if figures else ("", "")
    hashes = [_csp_hash(script.encode()), plotly_hash] if figures else []
    parts = (
        environment()
        .get_template("report.html.j2")
        .generate(
            report=report,
            run=report.run,
            clips=clips,
            failed=[view for view in clips if view.clip.error is not None],
            summary=summary(report),
            spending=spending(report.run.usage),
            policy=policy(hashes),
            style=source("report.css"),
            script=script,
            packed_plotly=packed,
            figures=_json(figures),
        )
    )
    with AtomicText(path) as file:
        for part in parts:
            file.write(part)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Jinja with autoescape, strict about names, and the words of reports as filters."""
    environment = Environment(
        loader=PackageLoader("ruler.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clock": clock,
        "duration": duration,
        "percent": percent,
        "count": count,
    }
    return environment


def _finalize(value: object) -> object:
    """Every value on its way into the page: what cannot be seen is made visible."""
    if isinstance(value, str) and not hasattr(value, "__html__"):  # not marked safe by the template
        return clean(value)
    return "" if value is None else value


def source(name: str) -> str:
    """A file beside the templates."""
    return (resources.files("ruler.reporting") / "templates" / name).read_text(encoding="utf-8")


def _json(value: object) -> str:
    """JSON that may stand inside a <script>: no `<`, `>` or `&`, and no line separators."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))  # ASCII alone
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _csp_hash(script: bytes) -> str:
    digest = hashlib.sha256(script).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def policy(hashes: Iterable[str]) -> str:
    """A content security policy that lets only scripts of these hashes run."""
    scripts = " ".join(hashes) or "'none'"
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src {scripts}; base-uri 'none'; form-action 'none'"
    )


def pack_charts() -> None:
    """Make what every report with charts holds, once for a process: it takes a tenth of a second,
    nearly all of it outside of the interpreter, so that a thread beside others costs nothing."""
    _plotly()


_packing = threading.Lock()


def _plotly() -> tuple[str, str]:
    """(plotly.js packed by gzip as base64, its hash for the policy): 2 MB instead of 4.8."""
    with _packing:  # who asks while it is made waits for it
        return _packed_plotly()


@lru_cache(maxsize=1)
def _packed_plotly() -> tuple[str, str]:
    script = _plotly_source()
    # More than this costs three times the time of every report, for a tenth of its size.
    packed = gzip.compress(script, compresslevel=3, mtime=0)
    return base64.b64encode(packed).decode(), _csp_hash(script)


def _plotly_source() -> bytes:
    """plotly.js as the package has it, without importing the package where that can be helped."""
    found = find_spec("plotly")
    for folder in (found.submodule_search_locations if found else None) or ():
        script = Path(folder) / "package_data" / "plotly.min.js"
        if script.is_file():
            return script.read_bytes()
    from plotly.offline import get_plotlyjs

    source: str = get_plotlyjs()
    return source.encode()
