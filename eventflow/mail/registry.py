"""The builders of mails under stable names: what `Mail.builder` holds."""

from collections.abc import Callable

from eventflow.core.stored_names import StoredNames
from eventflow.mail.letters import Letter

type Builder = Callable[..., Letter | None]

builders: StoredNames[Builder] = StoredNames()


def mail_builder[B: Builder](name: str, *, formerly: str = "") -> Callable[[B], B]:
    """Register a function that builds a mail as `<app>.<kind>`; operators and people see the kind.

    `formerly` is its name in rows of the last release. Its module must be imported when the apps
    are ready.
    """

    def register(builder: B) -> B:
        builders.add(builder, name, formerly=formerly)
        return builder

    return register
