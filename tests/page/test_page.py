"""MANIFEST.HTML from disk, in a real browser: what people do with it, and that nothing leaves it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.page.browser import Browser, Page
from tests.page.conftest import HOSTILE, Ways
from topmast_service.staging.manifest_rows import visible

pytestmark = pytest.mark.clients

NAMES = "Array.from(document.querySelectorAll('#files tbody tr'), row => row.querySelector('.file a').textContent)"
ENTER, ESCAPE, RIGHT, TAB = 13, 27, 39, 9


def names(page: Page) -> list[str]:
    return list(page.run(NAMES))


def until(page: Page, condition: str) -> Any:
    """Wait until an expression in the page is true (10 s), frame by frame; its value."""
    return page.run(
        f"new Promise((done, late) => {{ const begun = Date.now(); (function look() {{ const v = ({condition}); "
        "if (v) { done(v); } else if (Date.now() - begun > 1e4) { late('never'); } "
        "else { setTimeout(look, 20); } })(); })"
    )


def write(page: Page, words: str) -> None:
    """Replace what stands in the box for words, at once."""
    page.run("words = document.querySelector('.tools input')")
    page.run(f"words.value = '{words}', words.dispatchEvent(new Event('input'))")


def press_head(page: Page, name: str) -> str | None:
    """Press a column's head; how the column is sorted then."""
    page.run(f"Array.from(document.querySelectorAll('th')).find(h => h.textContent === '{name}').id = 'pressed'")
    page.click("#pressed button")
    order: str | None = page.run("document.querySelector('#pressed').getAttribute('aria-sort')")
    page.run("document.querySelector('#pressed').removeAttribute('id')")
    return order


def test_no_request_leaves_the_page(browser: Browser, page_of_a_box: Path, ways: Ways) -> None:
    page = browser.open(page_of_a_box.as_uri())
    press_head(page, "File")
    page.click(".chips button")
    page.click(".pic a")
    page.press("ArrowRight", RIGHT)
    until(page, "document.querySelector('dialog img').complete")
    asked = {e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"}
    assert {address.rpartition("/")[2] for address in asked} == {"MANIFEST.HTML", "a_cal.png", "b_i2d.png"}
    assert all(address.startswith(f"{page_of_a_box.parent.as_uri()}/") for address in asked)
    assert ways.seen == []


def test_the_proxy_would_have_seen_it(browser: Browser, tmp_path: Path, ways: Ways) -> None:
    (tmp_path / "open.html").write_text("<img src='http://elsewhere.test/seen.png'>")
    browser.open((tmp_path / "open.html").as_uri())
    assert [line for line in ways.seen if b"seen.png" in line]
    ways.seen.clear()


def test_hostile_names_are_text(browser: Browser, page_of_a_box: Path) -> None:
    page = browser.open(page_of_a_box.as_uri())
    press_head(page, "File")  # what the script makes of them is text, too
    assert set(names(page)) >= {visible(name) for name in HOSTILE}
    assert "\\u202egnp" in " ".join(names(page))
    assert page.run("typeof window.hurt") == "undefined"
    assert page.run("document.querySelectorAll('script').length") == 1
    assert page.run("document.querySelectorAll('[onerror], [onmouseover]').length") == 0
    said = [e["params"]["entry"]["text"] for e in browser.events if e.get("method") == "Log.entryAdded"]
    assert said == []


def test_columns_sort_as_what_they_are(browser: Browser, page_of_a_box: Path) -> None:
    page = browser.open(page_of_a_box.as_uri())
    assert names(page)[:2] == ["lost_cal.fits", "mine_i2d.fits"]
    assert press_head(page, "Size") == "ascending"
    sizes = page.run("Array.from(document.querySelectorAll('#files td.n'), cell => Number(cell.dataset.v))")
    assert sizes == sorted(sizes)
    assert press_head(page, "Size") == "descending"
    assert names(page)[:3] == ["b_i2d.fits", "b_i2d.png", "a_cal.fits"]
    page.run("document.querySelectorAll('th button')[0].focus()")
    page.press("Enter", ENTER, "\r")
    assert page.run("document.querySelectorAll('[aria-sort]').length") == 1
    assert names(page).index("a_cal.fits") < names(page).index("b_i2d.fits") < names(page).index("mine_i2d.fits")


def test_rows_are_chosen_by_words_and_by_buttons(browser: Browser, page_of_a_box: Path) -> None:
    page = browser.open(page_of_a_box.as_uri())
    page.run("document.querySelector('.tools input').focus()")
    for letter in "CAL lost":
        page.press(letter, 0, letter)
    assert until(page, "document.querySelector('output').textContent") == "1 of 12 rows, 0 B"
    assert names(page) == ["lost_cal.fits"]
    page.run(
        "words = document.querySelector('.tools input'), words.value = '', words.dispatchEvent(new Event('input'))"
    )
    until(page, "!document.querySelector('output').textContent")
    shown = page.run("Array.from(document.querySelectorAll('.chips button'), chip => chip.textContent)")
    assert shown == ["OK 10", "FAILED 1", "WITHHELD 1", "SCIENCE 10", "PREVIEW 2", "I2D 9", "CAL 1"]
    for selector in ("[data-value=PREVIEW]", "[data-value=OK]"):
        page.click(selector)
    assert sorted(names(page)) == ["a_cal.png", "b_i2d.png"]
    assert page.run("document.querySelector('output').textContent") == "2 of 12 rows, 120 B"
    page.click("[data-value=PREVIEW]")
    page.click("[data-value=FAILED]")
    assert len(names(page)) == 11


def test_a_preview_is_enlarged_and_put_away(browser: Browser, page_of_a_box: Path) -> None:
    page = browser.open(page_of_a_box.as_uri())
    at = page.run("location.href")
    until(page, "Array.from(document.querySelectorAll('.pic img')).every(image => image.naturalWidth === 1)")
    page.click(".pic a")
    assert page.run("document.querySelector('dialog').open")
    assert page.run("document.querySelector('dialog p').textContent") == "b_i2d.fits"
    until(page, "document.querySelector('dialog img').naturalWidth === 1")
    for _ in range(2):
        page.press("ArrowRight", RIGHT)
    assert page.run("document.querySelector('dialog p').textContent") == "a_cal.fits"
    page.press("Escape", ESCAPE)
    assert not page.run("document.querySelector('dialog').open")
    assert page.run("location.href") == at


def test_a_large_box_becomes_rows_where_it_is_looked_at(browser: Browser, page_of_many: Path) -> None:
    page = browser.open(page_of_many.as_uri())
    assert page.run("document.querySelectorAll('#files tbody tr').length") <= 2500
    page.run("document.querySelector('.frame').scrollTop = 1e9")
    last = visible(HOSTILE[1])
    until(page, f"{NAMES}.includes({last!r})")
    assert page.run("typeof window.hurt") == "undefined"
    write(page, "file2998")
    assert until(page, "document.querySelector('output').textContent") == "1 of 3,000 rows, 3 kB"
    assert names(page) == ["file2998_cal.fits"]
    write(page, "")
    until(page, "!document.querySelector('output').textContent")
    for order, first in (("ascending", "file1_cal.fits"), ("descending", last)):
        assert press_head(page, "Size") == order
        assert until(page, NAMES)[0] == first
    assert page.run("document.querySelectorAll('#files tbody').length") == 12


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_a_night(browser: Browser, page_of_a_box: Path, width: int, scheme: str) -> None:
    page = browser.open(page_of_a_box.as_uri(), width=width, media={"prefers-color-scheme": scheme})
    assert page.run("document.documentElement.scrollWidth") <= width
    assert page.run("getComputedStyle(document.body).backgroundColor") == {
        "light": "rgb(255, 255, 255)", "dark": "rgb(17, 21, 28)",
    }[scheme]  # fmt: skip


def test_without_scripts_the_rows_are_there_and_nothing_pretends_to_choose(
    browser: Browser, page_of_a_box: Path
) -> None:
    page = browser.open("about:blank")
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.call("Page.navigate", url=page_of_a_box.as_uri())
    browser.until("Page.loadEventFired")
    assert len(names(page)) == 12
    assert page.run("document.querySelector('.tools').hidden")
