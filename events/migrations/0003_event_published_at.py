from django.db import migrations, models


def were_published(apps, schema_editor):
    apps.get_model("events", "Event").objects.exclude(status="draft").update(published_at=models.F("created"))


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0002_door_staff_through_fields"),
    ]

    operations = [
        migrations.AddField(
            model_name="event",
            name="published_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.RunPython(were_published, migrations.RunPython.noop),
    ]
