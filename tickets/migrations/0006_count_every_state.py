from django.db import migrations
from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce


def count(apps, schema_editor):
    """What has been rejected and cancelled so far; from now on each move counts."""
    Event, Reservation = apps.get_model("events", "Event"), apps.get_model("tickets", "Reservation")
    for status in ("rejected", "cancelled"):
        found = Reservation.objects.filter(event=OuterRef("pk"), status=status).order_by().values("event").annotate(n=Count("pk")).values("n")
        Event.objects.update(**{f"{status}_count": Coalesce(Subquery(found, output_field=IntegerField()), 0)})


class Migration(migrations.Migration):

    dependencies = [
        ("events", "0008_every_state_is_counted"),
        ("tickets", "0005_gates_and_devices"),
    ]

    operations = [migrations.RunPython(count, migrations.RunPython.noop)]
