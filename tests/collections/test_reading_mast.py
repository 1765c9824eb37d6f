"""What MAST says of its columns is read whatever it looks like; nothing of it breaks a form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from topmast_service.archive.columns import read_configuration, read_dictionary
from topmast_service.domain import dictionary, metadata
from topmast_service.domain.forms import FORMS
from topmast_service.domain.metadata import DICTIONARY, Answer, Told
from topmast_service.errors import UpstreamError
from topmast_service.store.tables import AFFINITY

NOW = datetime(2026, 7, 1, tzinfo=UTC)
WORDS = (
    "text", "type", "unit", "units", "vot.unit", "vot.datatype", "vot.description", "vot.ucd", "separator", "remove",
    "treatNumeric", "isMjd", "name", "fits_keyword", "title", "description", "enum", "values", "destination",
)  # fmt: skip
NAMES = (
    "obs_id",
    "t_min",
    "date_obs",
    "date_obs_mjd",
    "brand_new",
    "brand_new_mjd",
    "distance",
    "access",
    "VISIT",
    "a b",
)
TEXTS = st.sampled_from(
    ["", ";", "char", "double", "int", "boolean", "deg", "DATE-OBS", "Miri.visit", "A|B", "\ud800\x00"]
)
LEAVES = TEXTS | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
MEMBERS = st.dictionaries(
    st.sampled_from(WORDS), LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(TEXTS, LEAVES)
)
ENTRIES = MEMBERS | LEAVES
ANSWERS = (
    st.dictionaries(st.sampled_from(NAMES), ENTRIES)
    | st.lists(ENTRIES, max_size=4)
    | st.dictionaries(st.just("keywords"), st.lists(ENTRIES, max_size=4))
    | LEAVES
)


def told(read: Any, answer: Any) -> dict[str, Told]:
    """What is understood; an answer that is none says so."""
    try:
        found: dict[str, Told] = read(answer)
    except UpstreamError:
        return {}
    return found


@settings(max_examples=30)
@given(columns=ANSWERS, keywords=ANSWERS)
def test_no_answer_breaks_a_form_or_the_dictionary(columns: Any, keywords: Any) -> None:
    said = dict.fromkeys(metadata.SOURCES, told(read_configuration, columns)) | {
        DICTIONARY: told(read_dictionary, keywords)
    }
    known = {source: metadata.renewed(None, one, NOW) for source, one in said.items()}
    for shipped in FORMS.values():
        form = metadata.laid_over(shipped, known)
        assert list(form.columns)[: len(shipped.columns)] == list(shipped.columns)
        assert all(form.columns[name].type == column.type for name, column in shipped.columns.items())
        assert {column.type for column in form.columns.values()} <= AFFINITY.keys()
        assert all(text.isprintable() for c in form.columns.values() for text in (c.unit, c.description, c.ucd))
    assert set(dictionary.entries({})) <= set(dictionary.entries(known))


def test_a_refresh_lays_new_words_over_old_ones_and_keeps_the_rest() -> None:
    before = Answer(NOW, NOW, {"a": Told("a", title="old"), "b": Told("b")})
    later = datetime(2026, 7, 2, tzinfo=UTC)
    after = metadata.renewed(before, {"a": Told("a", title="new")}, later)
    assert (after.told["a"].title, set(after.told), after.as_of) == ("new", {"a", "b"}, later)
    silent = metadata.renewed(before, {}, later)
    assert (silent.told, silent.asked, silent.as_of) == (before.told, later, NOW)


def test_a_source_is_due_after_a_day_and_when_a_clock_went_back() -> None:
    answer = Answer(NOW)
    moments = [NOW.replace(day=day) for day in (1, 2, 3)]
    assert [metadata.is_due(answer, when, 86_400) for when in moments] == [False, False, True]
    assert metadata.is_due(answer, NOW.replace(month=6), 86_400)
    assert metadata.is_due(None, NOW, 86_400)
