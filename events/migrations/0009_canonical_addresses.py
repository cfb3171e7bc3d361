from django.db import migrations

import eventflow.core.fields
from eventflow.core.text import email_key


def respell(apps, schema_editor):
    """One spelling a mailbox. Whoever is invited to one event in two spellings stays invited in both."""
    DoorStaff = apps.get_model("events", "DoorStaff")
    for pk, event, email in list(DoorStaff.objects.values_list("pk", "event", "email").order_by("pk")):
        canonical = email_key(email)
        if canonical != email and not DoorStaff.objects.filter(event=event, email=canonical).exists():
            DoorStaff.objects.filter(pk=pk).update(email=canonical)


class Migration(migrations.Migration):

    dependencies = [("events", "0008_every_state_is_counted")]

    operations = [
        migrations.RunPython(respell, migrations.RunPython.noop),
        migrations.AlterField("doorstaff", "email", eventflow.core.fields.CanonicalEmailField(max_length=254, verbose_name="e-mail")),
    ]
