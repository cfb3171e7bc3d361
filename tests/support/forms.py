"""The site's forms as its pages hold them: who fills them in, where they go, with what in them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import resolve, reverse
from lxml.html import HtmlElement

from tests.support.dataset_visits import session_of, visits
from tests.support.full_dataset import Dataset
from tests.support.markup import tree

ENGLISH = {"Accept-Language": "en"}
LINE = "Żółć & “words” <b>"
WORDS = "Żółć & “words”\n\nsecond <line>"
# What is typed into an empty field, by its type.
BY_TYPE = {
    "datetime-local": "2031-05-01T20:00",
    "email": "ola@example.org",
    "number": "1",
    "password": "violet harbour lantern",
}
# What is typed by the name of the field, where its type does not say enough.
BY_NAME = {"code": "7K4M-2QXD", "seats_limit": "24", "start_time": "2031-05-01T18:00"}
# Types of fields that a person does not fill in.
NOT_TYPED = {"hidden", "submit", "button", "reset"}


@dataclass
class FilledForm:
    """A form as a person filled it in; `typed` holds the names of the fields they typed in."""

    who: str
    page: str
    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    typed: set[str] = field(default_factory=set)

    @property
    def key(self) -> str:
        """Name the form by its route and button: `/organizer/events/<int:pk>/edit/ action=save`."""
        button = f" action={self.fields['action'][0]}" if "action" in self.fields else ""
        return f"/{resolve(urlsplit(self.action).path).route}{button}"


def forms_to_fill(dataset: Dataset, more: Iterable[tuple[str, str]]) -> dict[str, FilledForm]:
    """Return {route and button: the first such form} of all forms that have a field to fill in."""
    client, found = Client(headers=ENGLISH), dict[str, FilledForm]()
    for who, path in dict.fromkeys([*pages(dataset, most=1), *more]):
        answer = open_page(client, dataset, who, path)
        if answer.get("Content-Type", "").startswith("text/html"):
            for form in forms_on(answer, who):
                if form.typed:
                    found.setdefault(form.key, form)
    return found


def pages(dataset: Dataset, *, most: int) -> Iterator[tuple[str, str]]:
    """Yield (who, path) of every kind of page for every person, each for at most `most` events."""
    names = {id(person): who for who, person in dataset["people"].items()}
    opened: Counter[tuple[str, str, str]] = Counter()
    for who, view, what, asked in visits(dataset):
        name = who if isinstance(who, str) else names.get(id(who))
        if name and isinstance(asked, str) and opened[name, view, asked] < most:
            opened[name, view, asked] += 1
            args = what if isinstance(what, list) else [what.pk] if what else []
            yield name, reverse(view, args=args) + quote(asked, safe="?&=+%")


def open_page(
    client: Client, dataset: Dataset, who: str, path: str, sent: dict[str, list[str]] | None = None
) -> Any:
    """Get the page, or post `sent` to it, and undo what that changes. Returns the answer.

    One client serves all: a new one looks at every static file before its first request.
    """
    client.cookies.clear()
    cache.clear()
    if person := dataset["people"].get(who):
        client.cookies[settings.SESSION_COOKIE_NAME] = session_of(dataset, person)
    with transaction.atomic():
        answer = client.post(path, sent) if sent else client.get(path, follow=True)
        transaction.set_rollback(True)
    return answer


def forms_on(answer: Any, who: str) -> Iterator[FilledForm]:
    """Yield the filled-in POST forms of the page, each once for every button that it has."""
    path = answer.wsgi_request.get_full_path()
    page = tree(answer)
    for form in page.xpath("//form[translate(@method, 'POST', 'post') = 'post']"):
        fields = [*form.xpath(".//*[@name][not(@form)]")]
        if form.get("id"):
            fields += page.xpath("//*[@name][@form = $form]", form=form.get("id"))
        buttons = form.xpath(".//button[not(@type) or @type = 'submit']")
        for button in buttons or [None]:
            address = button.get("formaction") if button is not None else None
            filled = FilledForm(who, path, address or form.get("action") or path)
            for element in fields:
                fill(filled, element, button)
            yield filled


def fill(filled: FilledForm, element: HtmlElement, pressed: HtmlElement | None) -> None:
    """Give this field the value that it has, or one that a person would type."""
    name, kind = element.get("name"), element.get("type", "text")
    if element.get("disabled") is not None or (kind == "radio" and element.get("checked") is None):
        return
    if element.tag == "button":
        if pressed is not None and element is pressed:
            filled.fields[name] = [element.get("value") or ""]
        return
    filled.fields.setdefault(name, []).append(value_in(element, kind))
    if kind not in NOT_TYPED:
        filled.typed.add(name)


def value_in(element: HtmlElement, kind: str) -> str:
    if element.tag == "select":
        chosen = element.xpath(".//option[@selected]") or element.xpath(".//option")
        return chosen[0].get("value")
    if element.tag == "textarea":
        return (element.text or "").removeprefix("\n") or WORDS
    if kind == "checkbox":
        return element.get("value") or "on"
    name = element.get("name")
    return element.get("value") or BY_NAME.get(name) or BY_TYPE.get(kind) or LINE
