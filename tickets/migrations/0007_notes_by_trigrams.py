from django.db import migrations

from eventflow.core.trigrams import index


class Migration(migrations.Migration):

    dependencies = [("tickets", "0006_count_every_state"), ("accounts", "0003_people_by_trigrams")]

    operations = [index("reservation_note_by_trigrams", "tickets_reservation", "note")]
