"""A registry of functions under the names by which the database stores them.

A row names a function until it is run: a mail for up to three days, a task until a worker takes it.
It holds a stable name and never the path of the code, so that code can move meanwhile.
"""


class StoredNames[Function]:
    """Functions by name. Filled while modules are imported, and not changed after that."""

    def __init__(self) -> None:
        self.functions: dict[str, Function] = {}
        self.names: dict[Function, list[str]] = {}

    def add(self, function: Function, name: str, *, formerly: str = "") -> None:
        """Register a function under its stable name and the name in rows of the last release.

        Raises ValueError if another function has one of the names.
        """
        names = [name, formerly] if formerly else [name]
        for each in names:
            if each in self.functions:
                raise ValueError(f"{each} is the stored name of two functions.")
            self.functions[each] = function
        self.names[function] = names

    def get(self, name: str) -> Function:
        """The function of a stable or former name. Raises LookupError if there is none."""
        return self.functions[name]

    def name_of(self, function: Function) -> str:
        """The stable name of a function. Raises LookupError if it is not registered."""
        return self.names[function][0]

    def names_of(self, function: Function) -> list[str]:
        """Every name under which rows may hold a function: its stable one, then its former one."""
        return self.names[function]
