"""Where mail is shown instead of sent. Only the embedded default includes this."""

from django.urls import path

from eventflow.mail import dev

urlpatterns = [
    path("", dev.inbox, name="dev_mail"),
    path("<str:name>/", dev.message, name="dev_message"),
    path("<str:name>/html/", dev.html, name="dev_html"),
    path("<str:name>/<int:number>/", dev.attachment, name="dev_attachment"),
]
