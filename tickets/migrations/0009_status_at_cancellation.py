"""What a reservation was when its event was cancelled, also for the events that are cancelled already.

A cancellation rejected whoever had a place, in one transaction that had set the event's `cancelled_at` just before. What was
rejected since then had a place, and who had a spot is told by a ticket that became void since then.
"""

from django.db import migrations, models
from django.db.models import Exists, F, OuterRef, Q


def fill(apps, schema_editor):
    Reservation, Ticket = apps.get_model("tickets", "Reservation"), apps.get_model("tickets", "Ticket")
    ended = Reservation.objects.filter(
        status="rejected", event__status="cancelled", decided_at__gte=F("event__cancelled_at")
    ).order_by()
    lost = Ticket.objects.filter(reservation=OuterRef("pk"), void_at__gte=OuterRef("event__cancelled_at"))
    confirmed = ended.filter(Exists(lost)).values("pk")
    Reservation.objects.filter(pk__in=confirmed).update(status_at_cancellation="confirmed")
    pending = ended.filter(status_at_cancellation="").values("pk")
    Reservation.objects.filter(pk__in=pending).update(status_at_cancellation="pending")


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0008_every_state_is_counted"),
        ("tickets", "0008_newest_first_and_codes_by_prefix"),
    ]

    operations = [
        migrations.AddField(
            model_name="reservation",
            name="status_at_cancellation",
            field=models.CharField(
                blank=True,
                db_default="",
                choices=[("pending", "Was waiting"), ("confirmed", "Had a spot")],
                default="",
                editable=False,
                max_length=16,
                verbose_name="when the event was cancelled",
            ),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.CheckConstraint(
                condition=Q(status_at_cancellation="") | Q(status_at_cancellation__in=["pending", "confirmed"], status="rejected"),
                name="reservation_at_cancellation",
            ),
        ),
        migrations.AlterField(
            model_name="announcement",
            name="audience",
            field=models.CharField(
                choices=[("all", "Everybody, confirmed or waiting"), ("confirmed", "Confirmed"), ("pending", "Waiting")],
                default="confirmed",
                max_length=16,
                verbose_name="to",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
