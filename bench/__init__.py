"""Measures how fast EventFlow is: `bin/bench`. docs/performance.md has the headline figures."""
