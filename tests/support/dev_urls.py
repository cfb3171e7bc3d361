"""The product's URLs with /dev/mail/, which only the embedded stack has."""

from django.urls import include, path

from eventflow import urls

handler500 = urls.handler500
urlpatterns = [*urls.urlpatterns, path("dev/mail/", include("eventflow.mail.urls"))]
