"""How fast EventFlow is, measured: `bin/bench`. See docs/performance.md for what came of it."""
