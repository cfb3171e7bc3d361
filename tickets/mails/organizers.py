"""The mail to an organizer about what is new at their events."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from eventflow.core.text_direction import isolated
from eventflow.mail import Letter, mail_builder
from events.models import Event


@mail_builder("tickets.organizer_news", formerly="tickets.mails.organizer_news")
def organizer_news(person: int, news: list[dict[str, Any]]) -> Letter | None:
    """What is new at a person's events, in one mail for all of them.

    `news`: for each event its id and how many requests, free seats and conflicts are new. None when
    the person organizes none of these events any more.
    """
    published = Event.objects.filter(organizer=person, status=Event.Status.PUBLISHED)
    events = published.in_bulk([one["event"] for one in news])
    sections = [section(events[one["event"]], one) for one in news if one["event"] in events]
    sections = [one for one in sections if one["lines"]]
    if not sections:
        return None
    change_url = settings.SITE_URL + reverse("accounts:settings")
    facts = {"events": sections, "heading": heading(sections), "change_url": change_url}
    return Letter.render("organizer_news", facts, unsubscribe=change_url)


def heading(sections: list[dict[str, Any]]) -> str:
    """Return the subject: of one event its title and first news, else how many events it is."""
    if len(sections) == 1:
        facts = {"title": sections[0]["title"], "news": sections[0]["lines"][0]}
        return _("%(title)s: %(news)s") % facts
    words = ngettext(
        "News from %(count)d event", "News from %(count)d of your events", len(sections)
    )
    return words % {"count": len(sections)}


def section(event: Event, news: dict[str, Any]) -> dict[str, Any]:
    """Return what the mail shows of one event: a line for each kind of news, and a link."""
    page = "tickets:conflicts" if news.get("conflicts") else "tickets:queue"
    return {
        "event": event,
        "title": isolated(" ".join(event.title.split())),
        "lines": news_lines(event, news),
        "url": settings.SITE_URL + reverse(page, args=[event.pk]),
    }


def news_lines(event: Event, news: dict[str, Any]) -> list[str]:
    requests, freed, conflicts = (news.get(name, 0) for name in ("requests", "freed", "conflicts"))
    lines = []
    if requests and event.is_automatic:
        words = ngettext("%(count)d new reservation", "%(count)d new reservations", requests)
        lines.append(words % {"count": requests})
    elif requests:
        words = ngettext("%(count)d new request", "%(count)d new requests", requests)
        lines.append(words % {"count": requests})
    if news.get("full") and event.is_full:
        lines.append(_("all spots are taken"))
    if freed:
        words = ngettext("%(count)d spot became free", "%(count)d spots became free", freed)
        lines.append(words % {"count": freed})
    if conflicts:
        words = ngettext(
            "%(count)d conflict at the door", "%(count)d conflicts at the door", conflicts
        )
        lines.append(words % {"count": conflicts})
    return lines
