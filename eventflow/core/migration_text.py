"""Operations of migrations that bring stored text to NFC and fill the folded columns of search."""

from functools import partial, reduce
from operator import or_
from typing import Any

from django.db.migrations import RunPython
from django.db.models import Q

from eventflow.core.text import fold, nfc

BATCH = 1000


def compose(app: str, model: str, *names: str) -> RunPython:
    """The operation that brings these fields of a model to NFC."""
    return RunPython(
        partial(rewrite, app=app, model=model, names=names, change=composed), RunPython.noop
    )


def fill(app: str, model: str, *names: str) -> RunPython:
    """The operation that fills `<name>_folded` of each of these fields."""
    return RunPython(
        partial(rewrite, app=app, model=model, names=names, change=folded), RunPython.noop
    )


def composed(name: str, text: str) -> tuple[str, str]:
    return name, nfc(text)


def folded(name: str, text: str) -> tuple[str, str]:
    return f"{name}_folded", fold(text)


def rewrite(
    apps: Any, schema_editor: Any, *, app: str, model: str, names: tuple[str, ...], change: Any
) -> None:
    """Apply `change(name, text) -> (target, text)` to each text that is not empty, in batches."""
    targets = [change(name, "")[0] for name in names]
    has_text = reduce(or_, (~Q(**{name: ""}) for name in names))
    rows: Any = (
        apps.get_model(app, model)
        ._base_manager.filter(has_text)
        .only("pk", *names, *targets)
        .order_by("pk")
    )
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        last = batch[-1].pk
        rows.model._base_manager.bulk_update(
            [row for row in batch if rewritten(row, names, change)], targets
        )


def rewritten(row: Any, names: tuple[str, ...], change: Any) -> bool:
    """Set the changed texts on `row`. Returns whether any of them differs."""
    wanted = dict(change(name, getattr(row, name)) for name in names)
    changed = {target for target, value in wanted.items() if getattr(row, target) != value}
    for target in changed:
        setattr(row, target, wanted[target])
    return bool(changed)
