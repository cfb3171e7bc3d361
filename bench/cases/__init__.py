"""What is measured. A case is a module here: its docstring's first line is its title, `run(bench)` returns a `Result`."""
