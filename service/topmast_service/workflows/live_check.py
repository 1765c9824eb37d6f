"""`topmast-service doctor --live`: what nobody could find out about MAST without asking it.

topmast was built without a network; where sources disagree or say nothing, the sandbox guesses and the engine takes
either. This asks the MAST that is configured, some twenty small questions at one a second, and makes a report to send
back. No token is sent, no file is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from topmast_service import __version__
from topmast_service.archive.probe import Answer, Probe
from topmast_service.domain import product
from topmast_service.domain.columns import OBSERVATION

PROGRAM = "2733"  # Early Release Observations: public from the first day
MISSING = "mast:JWST/product/jw99999999999_99999_99999_none_cal.fits"
TELEMETRY = "mast:jwstedb/SA_ZATTEST1-20220702T000000-20220702T000100.csv"
_LIMITS = re.compile(r"ratelimit|rate-limit|retry-after|x-.*limit", re.IGNORECASE)
_OURS = product.COUNTED | product.DECIDED | product.TOLD
"""Columns of product tables that MAST's listing does not have."""

_TELLING = ("etag", "last-modified", "accept-ranges", "content-range", "content-length", "content-type",
            "content-disposition", "location", "www-authenticate", "server", "via")  # fmt: skip


@dataclass(frozen=True)
class Found:
    """One question, what it came to, and the answers that it was read from."""

    question: str
    conclusion: str
    answers: tuple[Answer, ...] = ()

    def document(self) -> dict[str, Any]:
        """For JSON; of bodies the first 300 characters, which show their form."""
        return {"question": self.question, "conclusion": self.conclusion, "answers": [*map(_told, self.answers)]}


def check(probe: Probe) -> Iterator[Found]:
    """Ask everything; an answer that is not understood is a finding, too."""
    listed = probe.invoke("Mast.Caom.Filtered", _filters(obs_collection="JWST", proposal_id=PROGRAM, calib_level="3"))
    yield _said("Does it answer at all, and in which form?", _form, listed)
    if listed.error:
        return
    yield _said("Which types do fields have?", _types, listed)
    yield from _order(probe, listed)
    yield from _files(probe, _public_file(probe, listed))
    yield from _refusals(probe)
    yield from _vocabulary(probe)
    yield _said("How is a bad column told?", _body, probe.invoke("Mast.Caom.Filtered", _filters(no_such_column="1")))
    yield _said("How is an unknown service told?", _body, probe.invoke("Mast.No.Such.Service", {}))
    yield _said(
        "Who are we without a token?", _body, probe.ask("GET", "/whoami", headers={"Accept": "application/json"})
    )
    yield _limits(probe.answers)


def document(found: list[Found], base_url: str) -> dict[str, Any]:
    """The report for programs."""
    return {"topmast": __version__, "mast": base_url, "findings": [each.document() for each in found]}


def lines(found: list[Found], base_url: str) -> Iterator[str]:
    """The report for people."""
    yield f"topmast {__version__} asked {base_url}"
    for each in found:
        yield f"\n{each.question}\n  {each.conclusion}"
        for answer in each.answers:
            yield f"    {answer.asked[:150]}\n      {answer.error or answer.status} in {answer.seconds:.1f} s"
            yield from (f"      {name}: {value}" for name, value in _telling(answer).items())


def _order(probe: Probe, first: Answer) -> Iterator[Found]:
    params = _filters(obs_collection="JWST", proposal_id=PROGRAM, calib_level="3")
    again = probe.invoke("Mast.Caom.Filtered", params)
    pages = [probe.invoke("Mast.Caom.Filtered", params, page=page, size=5) for page in (1, 2)]

    def compare(*answers: Answer) -> str:
        one, two, *halves = ([row["obsid"] for row in answer.json()["data"]] for answer in answers)
        joined = [obsid for half in halves for obsid in half]
        same = "the same" if one == two else "another"
        paged = "agree" if joined == one[: len(joined)] else "do NOT agree"
        return f"Asked twice, {same} order of {len(one)} rows; pages of 5 {paged} with it."

    yield _said("Is the order of rows stable, also over pages?", compare, first, again, *pages)


def _public_file(probe: Probe, listed: Answer) -> str:
    """The smallest FITS file of the first observation; any public file will do."""
    try:
        obsid = str(listed.json()["data"][0]["obsid"])
        rows = probe.invoke("Mast.Caom.Products", {"obsid": obsid}, size=500).json()["data"]
        fits = [row for row in rows if str(row["dataURI"]).endswith(".fits") and row.get("dataRights") == "PUBLIC"]
        return str(min(fits, key=lambda row: int(row["size"] or 0))["dataURI"])
    except (ValueError, KeyError, TypeError, IndexError):
        return "mast:JWST/product/jw02733-o001_t001_nircam_clear-f090w_i2d.fits"


def _files(probe: Probe, uri: str) -> Iterator[Found]:
    head, again = probe.file("HEAD", uri), probe.file("HEAD", uri)
    yield _said("Is HEAD answered, with which validators, and the same ones twice?", _validators, head, again)
    part = probe.file("GET", uri, Range="bytes=2880-5759")
    yield _said("Is a range answered?", _range, part)
    etag = head.header("ETag") or head.header("Last-Modified") or '"none"'
    yield _said(
        "And with If-Range that fits?", _range, probe.file("GET", uri, Range="bytes=2880-5759", **{"If-Range": etag})
    )
    other = probe.file("GET", uri, Range="bytes=2880-5759", **{"If-Range": '"topmast-was-here"'})
    yield _said("And with If-Range that does not fit? (200 is right)", _range, other)
    beyond = probe.file("GET", uri, Range="bytes=99999999999999-")
    yield _said("And behind the end? (416 is right)", _range, beyond)
    yield _said(
        "Is there a redirect?", lambda a: f"Yes, to {a.header('Location')}." if a.header("Location") else "No.", part
    )


def _refusals(probe: Probe) -> Iterator[Found]:
    yield _said("How is a file that does not exist told?", _body, probe.file("GET", MISSING, Range="bytes=0-99"))
    closed = probe.invoke("Mast.Caom.Filtered", _filters(obs_collection="JWST", dataRights="EXCLUSIVE_ACCESS"), size=50)
    if uri := _exclusive_file(probe, closed):
        yield _said("Is an exclusive file 401 or 403?", _body, probe.file("GET", uri, Range="bytes=0-99"))
    else:
        yield Found("Is an exclusive file 401 or 403?", "No exclusive observation with a file was found.", (closed,))
    yield _said("Does telemetry need a token?", _body, probe.file("GET", TELEMETRY, Range="bytes=0-99"))


def _exclusive_file(probe: Probe, closed: Answer) -> str:
    """A file of an exclusive observation: its own `dataURL`, else one that is listed for it; empty if there is none."""
    try:
        rows = closed.json()["data"]
        named = [str(row["dataURL"]) for row in rows if str(row.get("dataURL") or "").startswith("mast:")]
        if named:
            return named[0]
        listed = probe.invoke("Mast.Caom.Products", {"obsid": str(rows[0]["obsid"])}, size=50).json()["data"]
        return next(str(row["dataURI"]) for row in listed if row.get("dataRights") == "EXCLUSIVE_ACCESS")
    except (ValueError, KeyError, TypeError, IndexError, StopIteration):
        return ""


def _vocabulary(probe: Probe) -> Iterator[Found]:
    for service, ours in (("Mast.Caom.Cone", set(OBSERVATION)), ("Mast.Caom.Products", set(product.COLUMNS) - _OURS)):
        yield _said(f"Which columns has {service}?", _compared_with(ours), probe.columns(service))
    listing = probe.ask("GET", "/search/util/api/v0.1/column_list?mission=jwst")
    yield _said("Which columns has the mission search?", _named, listing)
    search = {"limit": 1, "offset": 0, "select_cols": ["fileSetName"], "conditions": [{"program": int(PROGRAM)}]}
    one = probe.post("/search/jwst/api/v0.1/search", search)
    yield _said("How does the mission search answer?", _body, one)
    try:
        name = str(one.json()["results"][0]["fileSetName"])
    except (ValueError, KeyError, TypeError, IndexError):
        return
    products = probe.post("/search/jwst/api/v0.1/post_list_products", {"dataset_ids": [name]})
    yield _said("Which form have its product keys?", _first_product, products)


def _said(question: str, read: Callable[..., str], *answers: Answer) -> Found:
    """What `read` makes of the answers; that it cannot read them is an answer."""
    if failed := next((answer.error for answer in answers if answer.error), ""):
        return Found(question, f"No answer ({failed}).", answers)
    try:
        return Found(question, read(*answers), answers)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        return Found(question, f"Not in the form that was expected ({type(error).__name__}: {error}).", answers)


def _form(answer: Answer) -> str:
    told = answer.json()
    rest = {name: value for name, value in told.items() if name not in {"data", "fields"}}
    return f"HTTP {answer.status}; {len(told['data'])} rows; beside them {rest}."


def _types(answer: Answer) -> str:
    return ", ".join(f"{column['name']} {column['type']}" for column in answer.json()["fields"])


def _validators(one: Answer, two: Answer) -> str:
    if one.status != 200:
        return f"HEAD is answered with {one.status}."
    names = ("ETag", "Last-Modified", "Accept-Ranges", "Content-Length")
    told = ", ".join(f"{name} {one.header(name) or 'absent'}" for name in names)
    same = all(one.header(name) == two.header(name) for name in names)
    return f"{told}; {'the same' if same else 'NOT the same'} the second time."


def _range(answer: Answer) -> str:
    return f"HTTP {answer.status}, Content-Range {answer.header('Content-Range') or 'absent'}, {_size(answer)}."


def _size(answer: Answer) -> str:
    announced = answer.header("Content-Length")
    return f"{announced} bytes announced" if announced else f"no length, {len(answer.body)} bytes read"


def _body(answer: Answer) -> str:
    said = _beginning(answer) or f"{len(answer.body)} bytes"
    return f"HTTP {answer.status}, {answer.header('Content-Type') or 'no type'}: {said}"


def _compared_with(ours: set[str]) -> Callable[[Answer], str]:
    def compare(answer: Answer) -> str:
        theirs = set(answer.json())
        unknown, missing = sorted(theirs - ours), sorted(ours - theirs)
        return f"{len(theirs)} columns; new to topmast: {unknown}; known to topmast but not listed: {missing}."

    return compare


def _named(answer: Answer) -> str:
    columns = answer.json()
    return f"{len(columns)}: " + ", ".join(f"{c['column_name']} {c['qual_type']}" for c in columns)


def _first_product(answer: Answer) -> str:
    rows = answer.json()["products"]
    first = rows[0][0] if rows and isinstance(rows[0], list) else rows[0]
    return f"{len(rows)} products, the first: {first}"


def _limits(answers: list[Answer]) -> Found:
    seen = sorted({f"{k}: {v}" for answer in answers for k, v in answer.headers.items() if _LIMITS.fullmatch(k)})
    slowest = max(answer.seconds for answer in answers)
    said = "; ".join(seen) or "no header says anything of a limit"
    return Found("Is there a rate limit?", f"{len(answers)} questions, the slowest {slowest:.1f} s; {said}.")


def _filters(**wanted: str) -> dict[str, Any]:
    return {"columns": "*", "filters": [{"paramName": name, "values": [value]} for name, value in wanted.items()]}


def _told(answer: Answer) -> dict[str, Any]:
    return {
        "asked": answer.asked,
        "status": answer.status,
        "error": answer.error,
        "seconds": answer.seconds,
        "headers": answer.headers,
        "body": _beginning(answer),
    }


def _telling(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower() in _TELLING}


def _beginning(answer: Answer) -> str:
    """The first 300 characters of a text, one line of them; of anything else nothing."""
    kind = answer.header("Content-Type").split(";")[0]
    if not (kind.startswith("text/") or kind.endswith(("json", "xml"))):
        return ""
    return " ".join(answer.body.decode("utf-8", "replace").split())[:300]
