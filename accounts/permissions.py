"""Which people a user may administer, as a queryset."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import DELETED_DOMAIN, User


def administered_people(user: User | AnonymousUser) -> QuerySet[User]:
    """Return everybody for an Admin, except deleted accounts; nobody for anybody else."""
    if not user.is_authenticated or not user.is_active or not user.is_admin:
        return User.objects.none()
    return User.objects.exclude(email__endswith=f"@{DELETED_DOMAIN}")
