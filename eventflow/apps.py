from django.apps import AppConfig


class EventflowConfig(AppConfig):
    name = "eventflow"

    def ready(self) -> None:
        from eventflow import checks  # noqa: F401  registers the system checks
