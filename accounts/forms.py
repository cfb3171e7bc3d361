"""What people fill in about themselves."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class SignupNames(forms.Form):
    first_name = forms.CharField(label=_("First name"), max_length=150)
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False)
    language = forms.ChoiceField(label=_("E-mails and tickets in"), choices=settings.LANGUAGES, required=False)

    def signup(self, request, user):
        pass
