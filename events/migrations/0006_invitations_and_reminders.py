import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def know_by_address(apps, schema_editor):
    """Those who are door staff already were invited, so to speak, by the address they have."""
    person = apps.get_model("accounts", "User").objects.filter(pk=OuterRef("person"))
    apps.get_model("events", "DoorStaff").objects.update(email=Subquery(person.values("email")[:1]))


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("events", "0005_pages_from_the_index"),
    ]

    operations = [
        migrations.AddField("event", "sequence", models.PositiveIntegerField(default=0, editable=False)),
        migrations.AddField("event", "reminded_for", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("doorstaff", "email", models.EmailField(default="", max_length=254, verbose_name="e-mail"), preserve_default=False),
        migrations.AlterField(
            "doorstaff",
            "person",
            models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunPython(know_by_address, migrations.RunPython.noop, elidable=True),
    ]
