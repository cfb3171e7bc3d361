"""No page writes into the browser's console, raises an error, or asks for a missing file."""

import pytest
from django.urls import reverse

from tests.support.dataset_visits import visits
from tests.support.full_dataset import make_dataset

pytestmark = pytest.mark.once


class Console:
    """Collects what the pages of one window log, as `{path: lines}`."""

    def __init__(self, page) -> None:
        self.page, self.path = page, ""
        self.said: dict[str, list[str]] = {}
        page.on("console", lambda message: self.note(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.note(f"exception: {error}"))
        page.on("requestfailed", self.hear_failure)
        page.on("response", self.hear)

    def note(self, line: str) -> None:
        self.said.setdefault(self.path, []).append(line)

    def hear_failure(self, request) -> None:
        # The visit went on to the next page while something was still under way.
        if request.failure != "net::ERR_ABORTED":
            self.note(f"failed: {request.url} {request.failure}")

    def hear(self, response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.note(f"{response.status} {response.url}")

    def visit(self, path: str) -> int:
        self.path = path
        answer = self.page.goto(path)

        self.page.wait_for_load_state("load")
        return answer.status


def pages(dataset):
    """Yield (who, path) of every page, once for each role that may open it."""
    seen = set()
    for who, view, what, asked, *_ in visits(dataset):
        if isinstance(asked, str) and (who, view, asked) not in seen:
            seen.add((who, view, asked))
            yield (
                who,
                reverse(view, args=what if isinstance(what, list) else [what.pk] if what else [])
                + asked,
            )


def test_pages_write_nothing_into_the_console(open_window, log_in, page_errors):
    dataset = make_dataset()
    page_errors.expected.append("the server responded with a status of 4")
    consoles, found = {}, {}
    for who, path in pages(dataset):
        if who not in consoles:
            consoles[who] = Console(open_window())
            person = dataset["people"].get(who) if isinstance(who, str) else who
            if person:
                log_in(consoles[who].page, person)
        status = consoles[who].visit(path)
        said = [
            line
            for line in consoles[who].said.get(path, [])
            if status < 400 or "the server responded with a status" not in line
        ]
        if said:
            found[f"{who} {path}"] = said
    assert found == {}
