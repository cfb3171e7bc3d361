"""Every page passes every check: of its layout, its console, its texts, and axe's.

Axe is not asked again about a page on which every element is of a kind that it has seen.
"""

import os
from itertools import product
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tests.browser import page_faults
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.page_faults import LEFT_EARLY, Console
from tests.browser.page_walk import PageWalk
from tests.support.factories import PASSWORD
from tests.support.full_dataset import make_dataset
from tests.support.hard_texts import TEXTS, fill_every_text

# Each theme, each width and each language once; AXE=every looks at every mixture of them.
LOOKS = [("light", DESKTOP, "en-GB"), ("dark", PHONE, "pl-PL")]
AXE_SEES_EVERYTHING = os.environ.get("AXE") == "every"
if AXE_SEES_EVERYTHING:
    LOOKS = list(product(["light", "dark"], [DESKTOP, PHONE], ["en-GB", "pl-PL"]))
# What makes a page scroll sideways, written wherever a person may write.
LONG_TEXTS = [TEXTS[name] for name in ("a long word", "a link", "an address")]
CHECKS = {
    "wider than its window": page_faults.wider,
    "small targets": page_faults.small_targets,
    "lone dots": page_faults.lone_dots,
}
AXE = {"axe": page_faults.axe_errors}
WITHOUT_SCRIPT = {
    "idle buttons": page_faults.idle_buttons,
    "wrong direction": page_faults.turned_texts,
}
HEBREW = "קרוא"


@pytest.fixture
def start_walk(open_still_window, log_in, page_errors):
    """Make the data set and start a walk over its pages, in a window with these options."""

    def start(*texts, **options):
        page_errors.expected += ["the server responded with a status of 4", *LEFT_EARLY]
        dataset = make_dataset()
        if texts:
            fill_every_text(*texts)
        return PageWalk(open_still_window(**options), log_in, dataset)

    return start


def look(theme, window, locale):
    """The parameters of one look; both stacks get the same number of them."""
    stack = "sqlite" if theme == "light" else "postgresql"
    name = f"{theme}-{window['viewport']['width']}-{locale}"
    return pytest.param(theme, window, locale, marks=pytest.mark.once(on=stack), id=name)


@pytest.mark.parametrize(("theme", "window", "locale"), [look(*one) for one in LOOKS])
def test_pages_pass_axe_fit_their_window_and_log_nothing(start_walk, theme, window, locale):
    # On another clock than the event's, so that both are said. A phone's window grows with what it
    # shows, so texts that are too long for it are looked at in the other one.
    texts = LONG_TEXTS if window == DESKTOP else []
    options = {"color_scheme": theme, "locale": locale, "timezone_id": "America/New_York"}
    walk = start_walk(*texts, **options, **window)
    User.objects.update(language=locale[:2])
    walk.page.add_init_script(page_faults.AXE)
    console = Console(walk.page)
    visited, seen_by_axe = dict.fromkeys(walk.pages(), CHECKS), set[str]()
    # What other roles see of them, for the console.
    if os.environ.get("LONG") and (theme, window, locale) == LOOKS[0]:
        visited = {visit: {} for visit in walk.pages(of_roles=True)} | visited
    for (person, path), checks in visited.items():
        status = walk.open(person, path)
        walk.check(path, checks)
        kinds = set(page_faults.kinds_of_elements(walk.page)) if checks else set()
        if kinds - seen_by_axe or (kinds and AXE_SEES_EVERYTHING):
            walk.check(path, AXE)
            seen_by_axe |= kinds
        walk.note("console", f"{person} {path}", console.take(refused=status >= 400))
        if texts and checks:
            walk.check(path, {"scrolls sideways": page_faults.sideways})
            walk.page.set_viewport_size(window["viewport"])
    open_second_step(walk)
    walk.check("the second step of a log-in", CHECKS | AXE)
    assert not walk.found, walk.report()
    assert len(walk.checked) > 60


def open_second_step(walk):
    """Open the second step of a log-in, which has no address of its own."""
    page = walk.page
    walk.open(None, "/accounts/login/")
    page.locator("[name=login]").fill(walk.dataset["people"]["with an app"].email)
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("[name=code]")).to_be_visible()


@pytest.mark.once
def test_pages_without_a_script_have_no_idle_button_and_keep_directions(start_walk):
    walk = start_walk(f"{HEBREW} \u202e5", java_script_enabled=False)
    shown = []
    walk.check_every_page(WITHOUT_SCRIPT | {"count": lambda page: shown.append(hebrew(page))})
    assert not walk.found, walk.report()
    assert sum(shown) > 100


def hebrew(page):
    """How many isolated texts of the page hold the Hebrew word."""
    return page.locator("bdi, [dir=auto]").filter(has_text=HEBREW).count()


BAD_PAGE = f"""<main>
<button type="button">x</button>
<p>· after a dot that begins a line</p>
<p><bdi dir="ltr">{HEBREW}</bdi></p>
<canvas width="3000"></canvas>
<img src="/nowhere.png">
</main>"""


@pytest.mark.once
def test_checks_find_a_page_with_every_fault(open_still_window, page_errors):
    page_errors.expected.append("404")
    page = open_still_window()
    console = Console(page)
    page.goto("/offline/")
    assert console.take(refused=False) == []
    with page.expect_response("**/nowhere.png"):
        page.evaluate("html => { document.body.innerHTML = html }", BAD_PAGE)
    found: dict[str, Any] = {
        name: check(page) for name, check in (CHECKS | AXE | WITHOUT_SCRIPT).items()
    }
    assert found.pop("wider than its window") > 1000
    assert found == {
        "small targets": ["x: 9,25"],
        "lone dots": ["· after a dot that begins a line"],
        "axe": ["image-alt: img", "page-has-heading-one: html"],
        "idle buttons": ['<button type="button">x</button>'],
        "wrong direction": [f'<bdi dir="ltr">{HEBREW}</bdi>'],
    }
    sideways = {width: said.split(" px: ")[1] for width, said in page_faults.sideways(page).items()}
    assert sideways == dict.fromkeys(page_faults.WIDTHS, "CANVAS.null ")
    [missing, logged] = console.take(refused=False)
    assert missing.startswith("404 ") and logged.startswith("error: Failed to load resource")
