"""Head and foot of MANIFEST.HTML: sums that add up, what was asked and left out, how to cite it and do it again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from topmast_service.domain.manifest import HELP_DESK, BoxFacts
from topmast_service.staging.manifest_rows import human, visible

_LONGEST_REQUEST = 3_000
"""Characters of a request that are shown: one may name 50,000 files, and manifest.json has all of it."""

_LONGEST_VALUE = 500
"""Characters of one value that are shown among what was asked."""

_PYTHON = """\
<pre>import json, topmast

asked = json.load(open("manifest.json"))["request"]
with topmast.Client() as client:
    job = client.bundle(asked["from"]["{source}"]{more}, **asked.get("select") or {{}})
    job.wait(progress=True).download("{job_id}-again")</pre>
"""
_IN_PYTHON = frozenset({"search", "observations", "uris"})
"""Sources that ``client.bundle`` takes as they stand in a request."""

_SEARCH_GONE = (
    "<p>If the search is gone by then, send <code>jq .search manifest.json</code> to <code>/v1/searches</code> first, "
    "and name the new one.</p>\n"
)

_WHY = {
    "guide_star": "guide-star files; guide_stars=include takes them",
    "not_guide_star": "not of a guide star",
    "level": "another calibration level",
    "type": "another product type",
    "sub_group": "another sub-group",
    "not_mrp": "not among MAST's Minimum Recommended Products; mrp=false takes them",
    "foreign_uri": "of a mission that topmast does not stage",
    "excluded_name": "the name has a piece that was to be left out",
    "name": "no pattern of names fits",
    "extension": "another extension",
    "detector": "another detector",
    "filter": "another optical element",
    "exp_type": "another exposure type",
    "visit": "another visit",
    "size": "smaller or larger than asked for",
    "date": "taken earlier or later",
    "where": "does not fit the conditions",
    "companion": "of an observation that was listed only because an association names some of its files",
    "made_anew": "chosen, and what the pipeline will make from the files that are here instead",
}


def sections(facts: BoxFacts, counted: dict[str, int], *, excluded_file: bool) -> dict[str, str]:
    """What the template ``manifest.html`` says beside its rows, escaped."""
    said = {
        "job_id": facts.job_id,
        "revision": str(facts.revision),
        "owner": facts.owner,
        "label": facts.label or "no label",
        "created": _moment(facts.created),
        "expires": _moment(facts.expires) or "never",
        "version": facts.version,
        "help_desk": HELP_DESK,
        "size": human(counted["bytes"]),
        "whole": "whole" if not counted["failed"] else "partial",
    }
    asked = {"search": facts.search, **facts.request} if facts.search else facts.request
    made = {
        "account": "".join(f"<li>{line}\n" for line in _account(facts.counts, counted)),
        "asked": "".join(_members(asked)),
        "left_out": _left_out(facts.counts.get("excluded") or {}, excluded_file),
        "notes": _notes(facts.notes),
        "python": _python(facts),
        "search_gone": _SEARCH_GONE if facts.search else "",
        "citation": _cite(facts.citation),
        "request": _text(_cut(json.dumps(facts.request, indent=1, ensure_ascii=False))),
    }
    numbers = {name: f"{value:,}" for name, value in counted.items()}
    return numbers | {name: escape(visible(value)) for name, value in said.items()} | made


def _account(counts: dict[str, Any], counted: dict[str, int]) -> Iterator[str]:
    """The sums, each of which adds up (tests/staging compares both sides)."""
    if "listed" in counts:
        excluded, again = sum((counts.get("excluded") or {}).values()), counts["duplicates"]
        yield _sum(counts["listed"], "listed by MAST", (counts["unique"], "different files"), (again, "listed again"))
        yield _sum(counts["unique"], "different files", (counts["selected"], "selected"), (excluded, "left out"))
    wanted, lost = counted["ok"] + counted["failed"], counted["failed"] - counted["withheld"]
    yield _sum(wanted, "selected", (counted["ok"], "in this box"), (lost, "failed"), (counted["withheld"], "withheld"))
    got = (counted["cached"], "from the cache"), (counted["fetched"], "fetched from MAST")
    yield _sum(counted["ok"], "in this box", *got)


def _sum(whole: int, what: str, *parts: tuple[int, str]) -> str:
    added = " + ".join(f"<b>{count:,}</b> {name}" for count, name in parts)
    return f"<b>{whole:,}</b> {what} = {added}"


def _python(facts: BoxFacts) -> str:
    source = next(iter(facts.request.get("from", {})), "")
    if source not in _IN_PYTHON:
        return ""
    more = "".join(f", {name}={value!r}" for name in ("start", "layout") if (value := facts.request.get(name)))
    return _PYTHON.format(source=source, more=_text(more), job_id=escape(facts.job_id))


def _notes(notes: list[str]) -> str:
    lines = "".join(f"<li>{escape(visible(note))}" for note in notes)
    return _section("Notes", f"<ul>{lines}</ul>") if notes else ""


def _left_out(excluded: dict[str, int], excluded_file: bool) -> str:
    if not excluded:
        return ""
    rows = "".join(
        f"<dt>{count:,}<dd><code>{escape(visible(reason))}</code> {escape(_WHY.get(reason, ''))}\n"
        for reason, count in sorted(excluded.items(), key=lambda pair: -pair[1])
    )
    link = '<p>Each of them, with its reason: <a href="excluded.csv">excluded.csv</a></p>' if excluded_file else ""
    return _section("What was left out", f'<dl class="numbers">{rows}</dl>{link}')


def _cite(citation: dict[str, str]) -> str:
    if not citation:
        return ""
    text, thanks, bibtex = (_text(citation.get(name, "").strip()) for name in ("text", "acknowledgement", "bibtex"))
    words = f'<p class="lines">{text}</p><h3>Acknowledgement</h3><p>{thanks}</p>'
    return _section("How to cite", f"{words}<h3>BibTeX</h3><pre>{bibtex}</pre>")


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>\n"


def _members(request: dict[str, Any]) -> Iterator[str]:
    """The request as ``member value``, without braces and quotes."""
    for name, value in request.items():
        if value is not None:
            yield f"<dt>{escape(visible(name))}<dd>{escape(visible(_plain(value)))}\n"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, list):
        shown = ", ".join(_plain(inner) for inner in value[:20])
        return shown + (f", … ({len(value):,} in all)" if len(value) > 20 else "")
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({len(text):,} characters)"


def _text(text: str) -> str:
    """Lines, in each of which nothing hides; in JSON the escapes mean what they stand for."""
    return escape("\n".join(map(visible, text.split("\n"))))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_REQUEST else text[:_LONGEST_REQUEST] + "\n… (manifest.json has all of it)"


def _moment(said: str) -> str:
    """RFC 3339 for people: ``2026-03-01 12:00 UTC``."""
    return f"{said[:10]} {said[11:16]} UTC" if said.endswith("Z") else said
