"""A text that is too long is refused with its limit, and comes back whole to be shortened."""

import pkgutil
from importlib import import_module
from itertools import chain

import pytest
from django import forms
from django.template import Context, Template
from lxml import html

import accounts
import events
import tickets
from events.forms.editor import EventForm
from tests.support.factories import make_event
from tests.support.hard_texts import COMPARED
from tests.support.markup import tree

pytestmark = pytest.mark.django_db


def subclasses(one):
    for below in one.__subclasses__():
        yield below
        yield from subclasses(below)


def forms_with_limits():
    """Each field with a greatest length of each form of our own: (form, field)."""
    modules = {
        module.name
        for app in (accounts, events, tickets)
        for module in pkgutil.walk_packages(app.__path__, f"{app.__name__}.")
        if "forms" in module.name
    }
    for module in modules:
        import_module(module)
    ours = (form for form in subclasses(forms.BaseForm) if form.__module__ in modules)
    for form in sorted(set(ours), key=lambda form: form.__name__):
        for name, field in getattr(form, "base_fields", {}).items():
            limited = isinstance(field, forms.CharField) and field.max_length
            if limited and name not in COMPARED:
                yield pytest.param(form, name, id=f"{form.__name__}-{name}")


@pytest.mark.both
@pytest.mark.parametrize(("form", "name"), list(forms_with_limits()))
def test_one_character_too_many_is_an_error_that_names_the_limit(form, name):
    field = form.base_fields[name]
    limit = field.max_length
    with pytest.raises(forms.ValidationError) as refused:
        field.clean("a" * (limit + 1))
    said = list(chain.from_iterable(error.messages for error in refused.value.error_list))
    if not isinstance(field, forms.EmailField):
        assert any(str(limit) in message for message in said)
        assert field.clean("a" * limit) == "a" * limit


def test_title_that_is_too_long_comes_back_whole_with_its_error(client):
    event = make_event()
    client.force_login(event.organizer)
    typed = {"title": "a" * 201, "location": "Here", "seats_limit": "5", "action": "save"}
    page = tree(client.post(f"/organizer/events/{event.pk}/edit/", typed))
    assert page.xpath("//input[@name='title']/@value") == ["a" * 201]
    assert "200" in page.xpath("string(//*[@id='id_title-error'])")


def test_long_fields_carry_their_limit_for_the_counter():
    template = Template("{% load design %}{% field form.description %}{% field form.title %}")
    drawn = html.fromstring(f"<body>{template.render(Context({'form': EventForm()}))}</body>")
    assert drawn.xpath("//@data-limit") == ["20000"]
    assert drawn.xpath("//@maxlength") == []
