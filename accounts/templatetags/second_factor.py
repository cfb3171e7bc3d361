"""Template tag about the second factor, for the pages that set one up."""

from django import template
from django.template import Context

from accounts.second_factor import lacks_second_factor

register = template.Library()


@register.simple_tag(takes_context=True)
def must_set_up_second_factor(context: Context) -> bool:
    """Whether this person gets no other page before they have set up a second factor."""
    return lacks_second_factor(context["user"])
