"""What happens to people, told to the rooms above inside the same transaction; accounts knows nothing of events and reservations."""

from django.dispatch import Signal

# Sent with `person`, whose address is theirs beyond doubt from now on.
address_proven = Signal()
# Sent with `person`, who is deleting their account and whose row is still whole. A receiver gives back and forgets what it keeps of
# them, event by event in the order of the ids, each under its lock; one that raises keeps the account.
person_leaving = Signal()
