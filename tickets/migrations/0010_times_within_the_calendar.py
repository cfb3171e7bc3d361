"""Scans and check-ins whose device sent an impossible time, which broke their event's pages, get the time at which they arrived here."""

from datetime import timedelta

from django.db import migrations
from django.db.models import F
from django.db.models.functions import Least

EARLY = timedelta(days=1)


def mend_times(apps, schema_editor):
    Scan, Ticket = apps.get_model("tickets", "Scan"), apps.get_model("tickets", "Ticket")
    known_to_be_wrong = Scan.objects.filter(at__lt=Least(F("event__start_time"), F("received")) - EARLY)
    for scan in known_to_be_wrong.select_related("ticket").iterator():
        # Both alike, because a check-in is taken back by the scan that has its time.
        if scan.outcome == "admitted":
            Ticket.objects.filter(pk=scan.ticket_id, checked_in_at=scan.at).update(checked_in_at=scan.received)
        Scan.objects.filter(pk=scan.pk).update(at=scan.received)
    too_early = Ticket.objects.filter(checked_in_at__lt=Least(F("event__start_time"), F("issued_at")) - EARLY)
    too_early.update(checked_in_at=F("issued_at"))


class Migration(migrations.Migration):
    dependencies = [("tickets", "0009_status_at_cancellation")]
    operations = [migrations.RunPython(mend_times, migrations.RunPython.noop)]
