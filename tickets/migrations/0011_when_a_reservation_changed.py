"""When each reservation changed last, and indexes from which lists without the cancelled ones are read."""

import django.utils.timezone
from django.db import migrations, models
from django.db.models.functions import Coalesce, Now


def since_decided(apps, schema_editor):
    """What is known of those that are there: when they were decided, or else reserved."""
    apps.get_model("tickets", "Reservation").objects.update(updated=Coalesce("decided_at", "created"))


class Migration(migrations.Migration):
    dependencies = [("tickets", "0010_times_within_the_calendar")]

    operations = [
        migrations.AddField(
            "reservation",
            "updated",
            models.DateTimeField(default=django.utils.timezone.now, db_default=Now(), editable=False),
        ),
        migrations.RunPython(since_decided, migrations.RunPython.noop, elidable=True),
        migrations.RemoveIndex("reservation", "reservation_by_event"),
        migrations.RemoveIndex("reservation", "reservation_by_person"),
        migrations.AddIndex("reservation", models.Index(fields=["event", "created", "id", "status"], name="reservation_list_of_event")),
        migrations.AddIndex("reservation", models.Index(fields=["person", "-created", "-id", "status"], name="reservation_list_of_person")),
    ]
