"""Nothing that is typed is cut without a word: no field tells the browser to, and the form says how much is too much."""

from itertools import chain

import pytest
from django import forms
from django.template import Context, Template
from lxml import html

from accounts import forms as account_forms
from events import forms as event_forms
from tests.support.factories import make_event
from tests.support.full_dataset import make_dataset, open_page, visits
from tests.support.markup import tree
from tickets import forms as ticket_forms

pytestmark = pytest.mark.django_db
# Words to look for and a ticket's code are compared, not kept: a text that is longer than these fields take matches nothing either way.
COMPARED = {"q", "place", "code"}


def test_no_page_has_the_browser_cut_what_is_typed():
    dataset, cutting, looked_at = make_dataset(), {}, 0
    for who, view, what, asked in visits(dataset):
        response = open_page(dataset, "en", who, view, what, asked, {})
        if "text/html" not in response["Content-Type"] or not response.content:
            continue
        looked_at += 1
        for field in tree(response).xpath("//input[@maxlength] | //textarea[@maxlength]"):
            if field.get("name") not in COMPARED:
                cutting[view, field.get("name")] = field.get("maxlength")
    assert cutting == {}
    assert looked_at > 200


def forms_with_limits():
    """Each field with a greatest length of each form of our own that stands on a page: (form, field)."""
    classes = [
        one
        for module in (account_forms, event_forms, ticket_forms)
        for one in vars(module).values()
    ]
    ours = [
        one
        for one in classes
        if isinstance(one, type)
        and issubclass(one, forms.BaseForm)
        and one.__module__.endswith(".forms")
    ]
    for form in ours:
        for name, field in form.base_fields.items():
            if (
                getattr(field, "max_length", None)
                and isinstance(field, forms.CharField)
                and name not in COMPARED
            ):
                yield pytest.param(form, name, id=f"{form.__name__}-{name}")


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


def test_a_title_that_is_too_long_comes_back_whole_with_its_error(client):
    event = make_event()
    client.force_login(event.organizer)
    typed = {"title": "a" * 201, "location": "Here", "seats_limit": "5", "action": "save"}
    page = tree(client.post(f"/organizer/events/{event.pk}/edit/", typed))
    assert page.xpath("//input[@name='title']/@value") == ["a" * 201]
    assert "200" in page.xpath("string(//*[@id='id_title-error'])")


def test_long_fields_carry_their_limit_for_the_counter():
    template = Template("{% load design %}{% field form.description %}{% field form.title %}")
    drawn = html.fromstring(
        f"<body>{template.render(Context({'form': event_forms.EventForm()}))}</body>"
    )
    assert drawn.xpath("//@data-limit") == ["20000"]
    assert drawn.xpath("//@maxlength") == []
