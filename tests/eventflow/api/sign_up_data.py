"""What a new person sends to sign up, and the token that their mail brings."""

from tests.support.factories import PASSWORD
from tests.support.mailbox import letters_to, link_in


def person_data(**changes):
    return {"email": "maja@example.org", "password": PASSWORD, **changes}


def activation_token():
    return link_in(letters_to("maja@example.org")[0], "/activate/").split("/")[2]
