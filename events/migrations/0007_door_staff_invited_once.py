from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """In a transaction of its own: PostgreSQL makes no index on rows that the same one has just changed."""

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("events", "0006_invitations_and_reminders"),
    ]

    operations = [
        migrations.AddIndex(
            "doorstaff", models.Index(condition=models.Q(("person", None)), fields=["email"], name="door_staff_waiting")
        ),
        migrations.AddConstraint("doorstaff", models.UniqueConstraint(fields=("event", "email"), name="door_staff_invited_once")),
    ]
