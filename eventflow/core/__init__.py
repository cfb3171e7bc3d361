"""What every other package may import: refusals, text, fields, search, audit, headers, cache.

A module lives here if it knows nothing of people, events or tickets. It imports Django, libraries,
other modules of this package and `eventflow.observability`, and nothing else of EventFlow.
"""
