"""The page on which Admins find people and grant roles."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget

from accounts import people
from accounts import roles as role_services
from accounts.decorators import PersonRequest, admin_required
from accounts.forms import RoleForm
from accounts.models import User
from accounts.permissions import administered_people
from eventflow.core.errors import Refused
from eventflow.core.form_drafts import keeps_draft
from eventflow.core.text_direction import isolated


@admin_required
@require_safe
@vary_on_headers("HX-Request")
def roles(request: PersonRequest) -> HttpResponse:
    """Everybody, those with a role first; `?q=` searches names and addresses."""
    part = "#people" if request.htmx and not request.htmx.history_restore_request else ""
    return render(request, f"accounts/roles.html{part}", roles_context(request))


@admin_required
@require_POST
@keeps_draft(RoleForm, beside=["confirmed"])
def grant_role(request: PersonRequest, pk: int) -> HttpResponse:
    """Give one person another role.

    htmx gets the person's row as it is now, also after a refusal; a plain form the whole page.
    """
    person = get_object_or_404(administered_people(request.user), pk=pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise Refused("role_unknown", _("Choose one of the roles."))
    before, role = person.role, form.cleaned_data["role"]
    if role == User.Role.ADMIN != before and "confirmed" not in request.POST:
        return ask_to_confirm(request, person)
    try:
        role_services.grant_role(person, role, by=request.user)
    except Refused as refusal:
        if not request.htmx:
            raise
        messages.error(request, refusal.message)
    else:
        facts = {"name": isolated(person), "role": User.Role(role).label}
        messages.success(request, _("%(name)s: %(role)s") % facts)
    return respond_role_granted(request, pk, before)


def ask_to_confirm(request: PersonRequest, person: User) -> HttpResponse:
    """Ask whether this person shall be an Admin: in the page's dialog for htmx, else on a page."""
    facts = {"person": person, "here": "roles"}
    if not request.htmx:
        return render(request, "accounts/role_question.html", facts)
    answer = render(request, "accounts/_role_question.html", facts | {"dialog": True})
    return reswap(retarget(answer, "#role-question"), "innerHTML")


def respond_role_granted(request: PersonRequest, pk: int, before: str) -> HttpResponse:
    """Render the person's row for htmx, with a toast that can grant the role before; else the page.

    An Admin who gave up the role themselves is led away from the page.
    """
    if not request.htmx:
        return redirect(f"{reverse('accounts:roles')}?{request.GET.urlencode()}")
    administered = administered_people(User.objects.get(pk=request.user.pk))
    if not administered.exists():
        return HttpResponseClientRedirect(reverse("events:list"))
    person = with_activation(administered).get(pk=pk)
    undo = before if before != person.role else ""
    facts = {"person": person, "settled": True, "undo": undo, **roles_summary(administered)}
    return render(request, "accounts/roles.html#granted", facts)


def roles_context(request: PersonRequest) -> dict[str, Any]:
    administered, query = administered_people(request.user), request.GET.get("q", "").strip()
    found = with_activation(administered.filter(people.matching(query)))
    ordered = found.order_by("role", "last_name", "first_name", "pk")
    page = Paginator(ordered, 25).get_page(request.GET.get("page"))
    return {"page": page, "query": query, **roles_summary(administered)}


def roles_summary(administered: QuerySet[User]) -> dict[str, Any]:
    """Return how many people have which role, the roles to choose from, and the menu's entry."""
    by_role = {role: Count("pk", filter=Q(role=role)) for role in User.Role.values}
    counts = administered.aggregate(**by_role)
    return {"counts": counts, "roles": User.Role.choices, "here": "roles"}


def with_activation(administered: QuerySet[User]) -> QuerySet[User]:
    """Add `is_activated`: whether the person has verified their address."""
    verified = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
    return administered.annotate(is_activated=Exists(verified))
