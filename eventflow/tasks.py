"""Background tasks under stable names: the database stores `eventflow.tasks.<name>`.

`stored_task` registers a function, wherever it is defined. django-tasks-db imports what it has
stored, and `__getattr__` answers that import with the task of this name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.tasks import Task

from eventflow.core.stored_names import StoredNames


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTask(Task):
    """Django's task, stored and shown under its stable name instead of its function's path."""

    stored_name: str

    @property
    def name(self) -> str:
        return self.stored_name

    @property
    def module_path(self) -> str:
        return f"{__name__}.{self.stored_name}"


tasks: StoredNames[StoredTask] = StoredNames()


def stored_task(name: str, *, formerly: str = "") -> Callable[[Callable[..., Any]], StoredTask]:
    """Make a function a task and register it. `formerly`: its path in rows of the last release."""

    def register(function: Callable[..., Any]) -> StoredTask:
        task = StoredTask(func=function, stored_name=name)
        tasks.add(task, name, formerly=formerly)
        return task

    return register


def current_path(path: str) -> str:
    """The path under which a stored task is found now; the same path if it is no former one."""
    return tasks.get(path).module_path if path in tasks.functions else path


def __getattr__(name: str) -> StoredTask:
    try:
        return tasks.get(name)
    except LookupError as error:
        raise AttributeError(f"There is no task {name}.") from error
