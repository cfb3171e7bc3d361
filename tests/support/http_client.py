"""A client of a running server: it keeps cookies, sends forms, and measures each answer."""

import re
import time
from http.cookiejar import CookieJar
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, OpenerDirector, build_opener


class Answer(NamedTuple):
    status: int
    text: str
    seconds: float


class NoRedirects(HTTPRedirectHandler):
    """Returns a redirect as an answer, instead of following it."""

    def redirect_request(self, *args, **kwargs):
        return None


class HttpClient:
    """One visitor of the server on this port, with cookies of their own."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.cookies = CookieJar()
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(self.cookies), NoRedirects)

    def get(self, path: str) -> Answer:
        return self.ask(path, None)

    def post(self, path: str, *, page: str, **fields: str) -> Answer:
        """Take the CSRF token from `page` and post the fields with it to `path`."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(page).text)
        assert token, f"no form on {page}"
        return self.ask(path, urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode())

    def log_in(self, email: str, password: str) -> Answer:
        return self.post(
            "/accounts/login/", page="/accounts/login/", login=email, password=password
        )

    def ask(self, path: str, body: bytes | None) -> Answer:
        began = time.monotonic()
        try:
            with self.opener.open(self.base + path, body, timeout=60) as answer:
                status, text = answer.status, answer.read().decode()
        except HTTPError as answer:
            status, text = answer.code, answer.read().decode()
        return Answer(status, text, time.monotonic() - began)
