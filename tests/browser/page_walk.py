"""Opens every page of the site in one window, so that all checks look at the same load."""

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from playwright.sync_api import Page

from accounts.models import User
from tests.support.dataset_visits import pages, path_of, visits
from tests.support.full_dataset import Dataset

# A check returns the faults of the page that is open, or something empty.
type Check = Callable[[Page], Any]


class PageWalk:
    """A window in which pages are opened, each as a person who may see it.

    `found` has what the checks found, as {"check, path": faults}; `checked` has the paths.
    """

    def __init__(self, page: Page, log_in: Callable[..., None], dataset: Dataset) -> None:
        self.page, self.log_in, self.dataset = page, log_in, dataset
        self.person: User | None = None
        self.checked: set[str] = set()
        self.found: dict[str, Any] = {}

    def pages(self, *, of_roles: bool = False) -> list[tuple[User | None, str]]:
        """Every page once as (person, path), or once for each role that may open it.

        Sorted by persons, so that each of them logs in once; visitors come first.
        """
        people = self.dataset["people"]
        seen = pages_of_roles(self.dataset) if of_roles else pages(self.dataset)
        known = [(people.get(who) if isinstance(who, str) else who, path) for who, path in seen]
        return sorted(dict.fromkeys(known), key=lambda visit: visit[0].pk if visit[0] else 0)

    def open(self, person: User | None, path: str) -> int:
        """Open the page as this person. Returns the status of the answer."""
        if person != self.person:
            self.page.goto("about:blank")
            self.page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
            if person:
                self.log_in(self.page, person)
            self.person = person
        answer = self.page.goto(path)
        assert answer
        return answer.status

    def check(self, path: str, checks: dict[str, Check]) -> None:
        """Note what these checks find on the page that is open."""
        self.checked.add(path)
        for name, check in checks.items():
            self.note(name, path, check(self.page))

    def check_every_page(self, checks: dict[str, Check]) -> None:
        for person, path in self.pages():
            self.open(person, path)
            self.check(path, checks)

    def note(self, name: str, path: str, faults: Any) -> None:
        if faults:
            self.found[f"{name}, {path}"] = faults

    def report(self) -> str:
        """What a failure says: a line for each check that found something on a page."""
        return "\n".join(f"{where}: {what}" for where, what in self.found.items())


def pages_of_roles(dataset: Dataset) -> Iterator[tuple[str | User | None, str]]:
    """Yield (who, path) of every kind of page, once for each role that may open it."""
    seen = set()
    for who, view, what, asked, *_ in visits(dataset):
        if isinstance(asked, str) and (who, view, asked) not in seen:
            seen.add((who, view, asked))
            yield who, path_of(view, what) + asked
