from django.apps import AppConfig


class EventflowConfig(AppConfig):
    name = "eventflow"

    def ready(self) -> None:
        from eventflow import checks, receivers  # noqa: F401  registers the system checks; what is kept for people goes with them
