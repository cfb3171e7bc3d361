"""Signals about people, sent inside the transaction of the change.

They let the apps above (events, tickets) react, for accounts imports none of them.
"""

from django.dispatch import Signal

# Sent with `person`, whose e-mail address has just been verified.
address_verified = Signal()
# Sent with `person`, who is deleting their account and whose row is still complete. A receiver
# releases and erases what its app stores about the person, event by event in the order of the
# ids, each under the event's lock. If one raises, the account stays.
account_deleting = Signal()
# Sent with `person`, all of whose sessions and tokens are being revoked: by a new password, a
# changed second factor, "log out everywhere else" or an undone address change. A receiver revokes
# what its app issued in the person's name (such as the keys of devices). If one raises, the change
# is undone.
access_revoked = Signal()
