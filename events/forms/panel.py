"""The small forms of the panel: cancel an event, add door staff."""

from django import forms
from django.utils.translation import gettext_lazy

from eventflow.core.fields import ComposedText, NewAddress


class CancelEventForm(forms.Form):
    message = ComposedText(
        label=gettext_lazy("Message to guests"),
        help_text=gettext_lazy("Included in the e-mail and shown on the event page."),
        max_length=2000,
        required=False,
        widget=forms.Textarea,
    )


class DoorStaffForm(forms.Form):
    email = NewAddress(
        label=gettext_lazy("E-mail"),
        max_length=254,
        error_messages={
            "required": gettext_lazy("Enter their address."),
            "invalid": gettext_lazy("Enter an e-mail address like name@example.org."),
        },
        help_text=gettext_lazy(
            "We write to them. If they have no account, they sign up with this address first."
        ),
    )
