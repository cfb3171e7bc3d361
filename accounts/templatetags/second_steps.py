"""What the pages about two-step sign-in say to those who must have it."""

from django import template
from django.template import Context

from accounts import mfa

register = template.Library()


@register.simple_tag(takes_context=True)
def must_set_up(context: Context) -> bool:
    """Whether this person gets nothing but this page until a second step is there."""
    return mfa.lacks_second_factor(context["user"])
