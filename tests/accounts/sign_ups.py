"""Sign-up by the form, and whether a browser is logged in."""

from tests.support.factories import PASSWORD

SIGNUP, LOGIN = "/accounts/signup/", "/accounts/login/"


def sign_up_form(email="maja@example.org", **changes):
    names = {"first_name": "Maja", "last_name": "Wiśniewska"}
    return {"email": email, "password1": PASSWORD, "password2": PASSWORD, **names, **changes}


def post_sign_up(client, email="maja@example.org", path=SIGNUP, **changes):
    return client.post(path, sign_up_form(email, **changes))


def is_logged_in(client):
    return "_auth_user_id" in client.session
