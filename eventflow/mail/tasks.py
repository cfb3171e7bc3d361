"""Shells around the services, for the worker."""

from django.tasks import task

from eventflow.mail import services


@task
def deliver_all(mail_ids: list[int]) -> None:
    for mail_id in mail_ids:
        services.deliver(mail_id)
