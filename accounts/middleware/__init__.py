"""Middleware about people, one subject a module: language, session, second factor, log-in."""

from accounts.middleware.language import ApiCookieMiddleware, LanguageMiddleware
from accounts.middleware.reauthentication import ReauthenticationMiddleware
from accounts.middleware.second_factor import SecondFactorMiddleware
from accounts.middleware.session import PersonMiddleware

__all__ = [
    "ApiCookieMiddleware",
    "LanguageMiddleware",
    "PersonMiddleware",
    "ReauthenticationMiddleware",
    "SecondFactorMiddleware",
]
