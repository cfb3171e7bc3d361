"""Template tags of the first page of Django's admin, for operators."""

from django import template

from eventflow.mail.models import Mail

register = template.Library()


@register.simple_tag
def stuck_mails() -> int:
    """How many mails could not be delivered and wait for an operator."""
    return Mail.objects.filter(state=Mail.State.STUCK).count()
