"""The cases: in each module `run(bench)` returns a `Result`; its docstring begins with a title."""
