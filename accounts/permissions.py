"""Which people may this person administer?"""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import NOWHERE, User


def administered_people(user: User | AnonymousUser) -> QuerySet[User]:
    """Everybody for an Admin, nobody for anybody else. Whoever deleted their account is nobody's business any more."""
    if not user.is_authenticated or not user.is_active or not user.is_admin:
        return User.objects.none()
    return User.objects.exclude(email__endswith=f"@{NOWHERE}")
