"""The organizer's queue page of one event.

`page` shows it, `one` decides about one reservation, `many` about several, and `table` is what they
share. Each decision has two answers: for htmx the row or the table as it is now, and for a form
without a script a redirect with a message.
"""
