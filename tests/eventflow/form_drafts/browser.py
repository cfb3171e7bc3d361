"""A browser that sends the forms of pages, with and without a session."""

from typing import Any

from django.conf import settings
from django.core import serializers
from django.test import Client
from django.urls import reverse

from accounts.models import User
from eventflow.core.form_drafts import DRAWN_FOR, TOKEN
from events.models import DoorStaff, Event
from tests.support.factories import PASSWORD
from tests.support.forms import ENGLISH
from tests.support.markup import only, tree
from tickets.models import Announcement, Gate, Reservation

HERE = {"Origin": "http://testserver"}


def all_data() -> str:
    """Return what a form could change, without the time of the last log-in."""
    User.objects.update(last_login=None)
    kinds = (User, Event, DoorStaff, Reservation, Announcement, Gate)
    return "".join(serializers.serialize("json", kind.objects.order_by("pk")) for kind in kinds)


def fields_in(page: Any) -> dict[str, list[str]]:
    """Return what the page's form sends again, beside the token and the mark of its person."""
    found: dict[str, list[str]] = {}
    for field in tree(page).xpath("//main//form//input[@type='hidden'][not(@disabled)]"):
        found.setdefault(field.get("name"), []).append(field.get("value"))
    return {name: values for name, values in found.items() if name not in {TOKEN, DRAWN_FOR}}


def all_fields_in(page: Any) -> dict[str, list[str]]:
    marks = tree(page).xpath(f"//main//form//input[@name='{TOKEN}' or @name='{DRAWN_FOR}']")
    return fields_in(page) | {field.get("name"): [field.get("value")] for field in marks}


class Browser(Client):
    """A browser that sends a page's form with its fields; tokens of old pages are refused."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True, headers=ENGLISH)

    def send(self, address: str, fields: dict[str, Any], **headers: str) -> Any:
        return self.post(address, fields, headers=HERE | headers)

    def token(self) -> str:
        """The token of the form to log in."""
        form = "//form[.//input[@name='login']]"
        page = self.get(reverse("account_login"))
        return str(only(page, f"{form}//input[@name='{TOKEN}']").get("value"))

    def log_in(self, person: User) -> None:
        """As the form does it: what pages drawn before have as token is worth nothing now."""
        fields = {TOKEN: self.token(), "login": person.email, "password": PASSWORD}
        assert self.send(reverse("account_login"), fields).status_code == 302

    def log_out(self) -> None:
        """The session ends, as it does by time: the browser keeps the cookie of the token."""
        self.cookies.pop(settings.SESSION_COOKIE_NAME)
