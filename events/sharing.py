"""What a messenger or a search engine makes of a link to an event: Open Graph (ogp.me), and schema.org as microdata, which needs no script."""

from django.conf import settings
from django.templatetags.static import static
from django.utils.text import Truncator

from events.models import Event


def facts(event: Event) -> dict[str, str]:
    """Addresses are whole ones, for those who read them elsewhere; the words are one line."""
    return {
        "url": settings.SITE_URL + event.get_absolute_url(),
        "cover": settings.SITE_URL + static(f"img/covers/{event.hue}-{event.pattern}.png"),
        "words": Truncator(" ".join(event.description.split())).chars(200),
        "life": "https://schema.org/EventCancelled"
        if event.is_cancelled
        else "https://schema.org/EventScheduled",
        "spots": "https://schema.org/SoldOut" if event.is_full else "https://schema.org/InStock",
    }
