"""The addresses of the trial's inbox. Only a trial includes them."""

from django.urls import path

from eventflow.mail import trial_inbox

urlpatterns = [
    path("", trial_inbox.inbox, name="dev_mail"),
    path("<str:name>/", trial_inbox.message, name="dev_message"),
    path("<str:name>/html/", trial_inbox.html, name="dev_html"),
    path("<str:name>/<int:number>/", trial_inbox.attachment, name="dev_attachment"),
]
