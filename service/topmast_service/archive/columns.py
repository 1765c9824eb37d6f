"""What MAST says of its columns: the Portal's column configurations and the keyword information API.

Neither needs astroquery, whose own copy of a configuration never expires, and which takes `{}` for "everything is
allowed" (mast-protocol §2.5). The shape of the keyword API's answers is documented by example only (§12, §18), so it
is read leniently: what cannot be understood of an entry is left out, and never the others with it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import urllib3

from topmast_service.archive.bounded import TooLarge, TooSlow, body
from topmast_service.domain.forms import INSTRUMENTS, WAVEFRONT
from topmast_service.domain.metadata import DICTIONARY, OBSERVATIONS, Told, merged
from topmast_service.errors import UpstreamDown, UpstreamError

CONFIGURATION = "/portal/Mashup/Mashup.asmx/columnsconfig"
KEYWORDS = "/viz/api/v0.1/info/keywords"
SERVICES: Mapping[str, str] = {
    OBSERVATIONS: "Mast.Caom.Cone",
    **{name: f"Mast.Jwst.Filtered.{name.title()}" for name in INSTRUMENTS},
    "guidestar": "Mast.Jwst.Filtered.GuideStar",
    WAVEFRONT: "Mast.Jwst.Filtered.Wss",
}
"""Whose configuration describes a source. ``Mast.Caom.Cone`` stands for all CAOM searches, as in astroquery."""

MOST_BYTES, MOST_ENTRIES, LONGEST_TEXT = 20_000_000, 5_000, 1_000
"""Beyond these an answer is no description of columns."""

TYPES: Mapping[str, str] = {
    **dict.fromkeys(("char", "string", "unicodechar", "str", "text"), "string"),
    **dict.fromkeys(("int", "integer", "short", "long", "bigint", "smallint", "tinyint"), "int"),
    **dict.fromkeys(("float", "double", "numeric", "decimal", "real", "number"), "float"),
    **dict.fromkeys(("boolean", "bool", "logical", "bit", "binary"), "boolean"),
}
"""MAST's and JSON Schema's words for types, as ours; any other means text, which can always be asked for."""

UNITS: Mapping[str, str] = {
    **dict.fromkeys(("deg", "degree", "degrees", "decimal degrees"), "deg"),
    **dict.fromkeys(("arcsec", "arcsecond", "arcseconds", "arc sec", '"'), "arcsec"),
    **dict.fromkeys(("mas", "milliarcsec", "milliarcseconds"), "mas"),
    **dict.fromkeys(("s", "sec", "second", "seconds"), "s"),
    **dict.fromkeys(("us", "microsec", "microsecond", "microseconds", "µs"), "us"),
    **dict.fromkeys(("d", "day", "days", "mjd", "modified julian date"), "d"),
    **dict.fromkeys(("mag", "magnitude", "magnitudes"), "mag"),
    **dict.fromkeys(("um", "micron", "microns", "micrometer", "micrometers", "µm"), "um"),
    **dict.fromkeys(("nm", "nanometer", "nanometers"), "nm"),
    **dict.fromkeys(("pixel", "pixels", "pix"), "pixel"),
    **dict.fromkeys(("byte", "bytes"), "byte"),
    **dict.fromkeys(("k", "kelvin"), "K"),
    **dict.fromkeys(("v", "volt", "volts"), "V"),
    **{unit.lower(): unit for unit in ("arcsec/yr", "mas/yr", "km/s", "ms/s", "Jy", "mm", "m", "km", "A", "Hz", "ms")},
}
"""Spellings of units as VOUnit writes them; others are left out, since readers of a table would trip over them."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


class Descriptions:
    """Asks MAST what its columns are; without a token, and without following anywhere.

    Parameters
    ----------
    url
        MAST's address, or the sandbox's.
    timeout
        Longest wait for one whole answer, in seconds.
    """

    def __init__(self, url: str, timeout: float) -> None:
        self._url, self._timeout = url, timeout
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=min(10.0, timeout), read=timeout))

    def close(self) -> None:
        """Drop the connections."""
        self._pool.clear()

    def of(self, source: str) -> dict[str, Told]:
        """What a source (`domain.metadata.SOURCES`) says: columns by name, keywords by name in small letters.

        Nothing at all means that MAST has no configuration of that name: it answers ``{}``.

        Raises
        ------
        UpstreamError
            An HTTP error, or an answer that describes no columns.
        UpstreamDown
            No answer.
        """
        if source == DICTIONARY:
            return read_dictionary(self._ask("GET", KEYWORDS))
        return read_configuration(self._ask("POST", CONFIGURATION, urlencode({"colConfigId": SERVICES[source]})))

    def _ask(self, method: str, path: str, form: str | None = None) -> Any:
        until = time.monotonic() + self._timeout
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        try:
            response = self._pool.request(
                method, self._url + path, body=form, headers=kind, redirect=False, retries=False, preload_content=False
            )
            try:
                content = body(response, until=until, most=MOST_BYTES)
            except TooLarge:
                raise UpstreamError(f"{path} answered with more than {MOST_BYTES} bytes.") from None
            except TooSlow:
                raise UpstreamDown(f"{path} takes too long.") from None
            finally:
                response.close()
        except urllib3.exceptions.HTTPError as error:
            raise UpstreamDown(f"{path} does not answer ({type(error).__name__}).") from error
        if response.status != 200:
            raise UpstreamError(f"{path} answered HTTP {response.status}.")
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise UpstreamError(f"{path} answered with something that is not JSON.") from error


def read_configuration(answer: Any) -> dict[str, Told]:
    """A column configuration: an object with one object for each column.

    Raises
    ------
    UpstreamError
        It is not that.
    """
    if not isinstance(answer, Mapping) or len(answer) > MOST_ENTRIES:
        raise UpstreamError(f"{CONFIGURATION} answered with something that describes no columns.")
    described = {name: props for name, props in answer.items() if isinstance(props, Mapping)}
    return {
        name: _column(name, props, f"{name}_mjd" in described)
        for name, props in described.items()
        if _NAME.fullmatch(name) and not props.get("remove")
    }


def _column(name: str, props: Mapping[str, Any], has_twin: bool) -> Told:
    kind = "float" if props.get("treatNumeric") else _type(props.get("vot.datatype"), props.get("type"))
    title = _text(props.get("text"))
    return Told(
        name,
        "date" if has_twin and kind in {"string", ""} else kind,
        _unit(props.get("vot.unit"), props.get("unit"), "d" if props.get("isMjd") else ""),
        title if title.casefold() != name.casefold() else "",
        _text(props.get("vot.description")),
        many=props.get("separator") == ";",
        ucd=_text(props.get("vot.ucd")),
    )


def read_dictionary(answer: Any) -> dict[str, Told]:
    """The keyword information API's keywords, by their names in small letters.

    Raises
    ------
    UpstreamError
        There is no list of keywords in it.
    """
    found: dict[str, list[Told]] = {}
    for entry in _entries(answer):
        for told in _keyword(entry):
            found.setdefault(told.name.lower(), []).append(told)
    return {name: merged(told) for name, told in found.items()}


def _entries(answer: Any) -> list[Mapping[str, Any]]:
    """The list of objects that is documented, an object that holds such a list, or one object for each name."""
    if isinstance(answer, Mapping):
        lists = [inner for inner in answer.values() if isinstance(inner, list)]
        answer = lists[0] if lists else [{"name": n, **told} for n, told in answer.items() if isinstance(told, Mapping)]
    if not isinstance(answer, list) or len(answer) > MOST_ENTRIES:
        raise UpstreamError(f"{KEYWORDS} answered with something that describes no keywords.")
    return [entry for entry in answer if isinstance(entry, Mapping)]


def _keyword(entry: Mapping[str, Any]) -> Iterator[Told]:
    """A keyword under each name that the archive's tables have for it (``ScienceCommon.numdthpt``), or its own."""
    fits = _text(entry.get("fits_keyword")).upper()
    targets = _list(entry.get("destination"))
    own = _text(entry.get("name")) or fits.lower().replace("-", "_")
    for name in dict.fromkeys(target.rpartition(".")[2] for target in targets or [own]):
        if _NAME.fullmatch(name):
            yield Told(
                name,
                _type(entry.get("type"), entry.get("sql_dtype")),
                _unit(entry.get("units"), entry.get("unit")),
                _text(entry.get("title")),
                _text(entry.get("description")),
                tuple(dict.fromkeys(_list(entry.get("enum") or entry.get("values")))),
                fits=fits,
            )


def _type(*words: Any) -> str:
    """The first word for a type; what is in brackets (``varchar(30)``) is its length."""
    texts = [str(word).partition("(")[0].strip().lower() for word in words if isinstance(word, str) and word.strip()]
    return TYPES.get(texts[0], "string") if texts else ""


def _unit(*texts: Any) -> str:
    spelt = (UNITS.get(_text(text).lower(), "") for text in texts)
    return next((unit for unit in spelt if unit), "")


def _list(value: Any) -> list[str]:
    items: Iterable[Any] = value if isinstance(value, list) else value.split("|") if isinstance(value, str) else []
    return [text for item in items if not isinstance(item, list | Mapping) and (text := _text(item))]


def _text(value: Any) -> str:
    """One line of printable text, whatever was sent."""
    if value is None or isinstance(value, list | Mapping):
        return ""
    line = " ".join(str(value).split())
    return "".join(filter(str.isprintable, line))[:LONGEST_TEXT]
