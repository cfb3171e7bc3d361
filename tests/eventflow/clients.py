"""A browser in which a person is logged in."""

from django.test import Client

from accounts.models import User


def logged_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client
