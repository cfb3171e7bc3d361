"""Sign-up by the form, and whether a browser is logged in."""

from typing import Any

from django.test import Client

from tests.support.factories import PASSWORD

SIGNUP, LOGIN = "/accounts/signup/", "/accounts/login/"


def sign_up_form(email: str = "maja@example.org", **changes: str) -> dict[str, str]:
    names = {"first_name": "Maja", "last_name": "Wiśniewska"}
    return {"email": email, "password1": PASSWORD, "password2": PASSWORD, **names, **changes}


def post_sign_up(
    client: Client, email: str = "maja@example.org", path: str = SIGNUP, **changes: str
) -> Any:
    return client.post(path, sign_up_form(email, **changes))


def is_logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session
