"""The addresses of the product with /dev/mail/, which only one of the two stacks has."""

from django.urls import include, path

from eventflow import urls

handler500 = urls.handler500
urlpatterns = [*urls.urlpatterns, path("dev/mail/", include("eventflow.mail.urls"))]
