"""A third party at the API: JSON in, JSON out, with a token as the API gives them."""

import json
from typing import Any

from django.conf import settings
from django.test import Client

from accounts import allauth_bridge
from accounts.models import User
from tests.support import sessions
from tests.support.factories import PASSWORD


class Api:
    """Somebody who calls the API; nobody in particular without `person`."""

    def __init__(
        self, person: User | None = None, *, language: str = "en", token: str = "", **headers: str
    ) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Accept-Language": language, **headers}
        if person:
            token = access_token_of(person)
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, *, headers: dict[str, str] | None = None, **query: Any) -> Any:
        return self.client.get(f"/api{path}", query, headers=self.headers | (headers or {}))

    def post(self, path: str, body: Any = None, *, key: str = "") -> Any:
        return self.send("post", path, body, key)

    def put(self, path: str, body: Any = None, *, key: str = "") -> Any:
        return self.send("put", path, body, key)

    def patch(self, path: str, body: Any = None, *, key: str = "") -> Any:
        return self.send("patch", path, body, key)

    def delete(self, path: str, *, key: str = "") -> Any:
        return self.send("delete", path, None, key)

    def send(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        content = "" if body is None else json.dumps(body)
        return getattr(self.client, method)(
            f"/api{path}", content, content_type="application/json", headers=headers
        )


def access_token_of(person: User) -> str:
    """An access token of a new session, made without the four times dearer log-in over the API."""
    browser = Client()
    browser.force_login(person, backend=sessions.BACKEND)
    session = browser.session
    session.set_expiry(settings.HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN)
    session.save()
    return allauth_bridge.create_access_token(person, session)


def sign_in(person: User) -> dict[str, str]:
    """The person's first pair of tokens."""
    return data(
        Client().post(
            "/api/login/",
            {"email": person.email, "password": PASSWORD},
            content_type="application/json",
        )
    )


def data(response: Any, status: int = 200) -> Any:
    """What was asked for, out of its envelope."""
    assert response.status_code == status, response.content
    assert response["X-Request-ID"]
    body = response.json()
    assert body.keys() == {"success", "message", "data"}
    assert body["success"] is True
    assert body["message"]
    return body["data"]


def rows(response: Any) -> list[Any]:
    """The rows of a list, of the whole or of a page."""
    page = data(response)
    if isinstance(page, list):
        assert page == [] or "X-Total-Count" in response
        return page
    assert page.keys() == {"count", "next", "previous", "results"}
    return page["results"]


def refused(response: Any) -> tuple[int, str]:
    """(status, code) of a refusal, which has the whole shape of one."""
    assert response["X-Request-ID"]
    body = response.json()
    assert body.keys() == {"success", "message", "detail", "code", "errors"}
    assert body["success"] is False
    assert body["message"] == body["detail"] != ""
    return response.status_code, body["code"]


def errors(response: Any) -> dict[str, list[str]]:
    """What is wrong with which field, of a body that makes no sense."""
    assert refused(response) == (400, "invalid")
    return response.json()["errors"]
