"""A browser in which a person is logged in."""

from django.test import Client


def logged_in(person):
    client = Client()
    client.force_login(person)
    return client
