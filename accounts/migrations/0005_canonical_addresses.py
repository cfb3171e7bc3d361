import logging

from django.db import migrations

import eventflow.core.fields
from eventflow.core.text import email_key

logger = logging.getLogger(__name__)


def respell(apps, schema_editor):
    """One spelling a mailbox. An address whose canonical spelling another account has stays as it is, and is logged as a number."""
    User, EmailAddress = apps.get_model("accounts", "User"), apps.get_model("account", "EmailAddress")
    odd = [row for row in User.objects.order_by("pk").values_list("pk", "email").iterator(2000) if is_odd(row[1])]
    # Of two accounts of one mailbox the canonical address goes to the one that is proven, else to the older.
    proven = set(EmailAddress.objects.filter(user__in=[pk for pk, _ in odd], verified=True).values_list("user", flat=True))
    left = 0
    for pk, email in sorted(odd, key=lambda row: (row[0] not in proven, row[0])):
        if User.objects.filter(email=email_key(email)).exclude(pk=pk).exists():
            left += 1
        else:
            User.objects.filter(pk=pk).update(email=email_key(email))
    if left:
        logger.warning("%d accounts share a mailbox with another; manage.py duplicate_accounts lists them", left)
    respell_rows_of_allauth(User, EmailAddress)


def respell_rows_of_allauth(User, EmailAddress):
    rows = EmailAddress.objects.order_by("-verified", "pk").values_list("pk", "user", "email")
    for pk, user, email in [row for row in rows.iterator(2000) if is_odd(row[2])]:
        taken = User.objects.filter(email=email_key(email)).exclude(pk=user).exists()
        if not taken and not EmailAddress.objects.filter(email=email_key(email)).exclude(pk=pk).exists():
            EmailAddress.objects.filter(pk=pk).update(email=email_key(email))


def is_odd(email):
    return email_key(email) != email


class Migration(migrations.Migration):

    dependencies = [("accounts", "0004_access_version"), ("account", "0009_emailaddress_unique_primary_email")]

    operations = [
        migrations.RunPython(respell, migrations.RunPython.noop),
        migrations.AlterField(
            "user",
            "email",
            eventflow.core.fields.CanonicalEmailField(
                error_messages={"unique": "There is already an account with this address."}, max_length=254, unique=True, verbose_name="e-mail"
            ),
        ),
    ]
