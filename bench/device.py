"""Registers a device for check-in and signs codes, with the product's own functions.

`python -m bench.device <event id> <person id> <count>` prints the device's key, and then a line for
each of so many unused tickets of the event: the reservation's id and the text of the QR code.
"""

import sys


def main(event_id: int, person_id: int, count: int) -> None:
    import django

    django.setup()
    from accounts.models import User
    from events.models import Event
    from tickets.checkin import devices
    from tickets.ticket import signature

    event, person = Event.objects.get(pk=event_id), User.objects.get(pk=person_id)
    sys.stdout.write(devices.new_key(devices.register(event, person=person)) + "\n")
    unused = event.tickets.valid().filter(checked_in_at=None).order_by("pk")
    for ticket in unused[:count]:
        sys.stdout.write(f"{ticket.reservation_id} {signature.qr_text(ticket)}\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
