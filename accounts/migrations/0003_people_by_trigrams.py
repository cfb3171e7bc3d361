from django.db import migrations

from eventflow.core.trigrams import index


class Migration(migrations.Migration):

    dependencies = [("accounts", "0002_pages_of_people")]

    operations = [index("user_by_trigrams", "accounts_user", "first_name", "last_name", "email")]
