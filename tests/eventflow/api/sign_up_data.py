"""What a new person sends to sign up, and the token that their mail brings."""

from typing import Any

from tests.support.factories import PASSWORD
from tests.support.mailbox import letters_to, link_in


def person_data(**changes: Any) -> dict[str, Any]:
    return {"email": "maja@example.org", "password": PASSWORD, **changes}


def activation_token() -> str:
    return link_in(letters_to("maja@example.org")[0], "/activate/").split("/")[2]
