"""What happens to people, told to the rooms above inside the same transaction; accounts knows nothing of events and reservations."""

from django.dispatch import Signal

# Sent with `person`, whose address is theirs beyond doubt from now on.
address_proven = Signal()
