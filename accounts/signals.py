"""What happens to people, told to the rooms above inside the same transaction; accounts knows nothing of events and reservations."""

from django.dispatch import Signal

# Sent with `person`, whose address is theirs beyond doubt from now on.
address_proven = Signal()
# Sent with `person`, who is deleting their account and whose row is still whole. A receiver gives back and forgets what it keeps of
# them, event by event in the order of the ids, each under its lock; one that raises keeps the account.
person_leaving = Signal()
# Sent with `person`, all of whose sessions and tokens end now: by a new password, a changed second
# step, "log out everywhere else" or an address taken back. A receiver ends what its app gave out in
# the person's name (such as device keys); one that raises undoes the change.
access_revoked = Signal()
