"""What messengers and search engines show of a link to an event.

The page says it as Open Graph (ogp.me) and as schema.org microdata, which needs no script.
"""

from django.conf import settings
from django.templatetags.static import static
from django.utils.text import Truncator

from events.models import Event


def link_preview(event: Event) -> dict[str, str]:
    """The values of the page's metadata: whole addresses, and texts of one line."""
    cover = static(f"img/covers/{event.hue}-{event.pattern}.png")
    status = "EventCancelled" if event.is_cancelled else "EventScheduled"
    availability = "SoldOut" if event.is_full else "InStock"
    return {
        "url": settings.SITE_URL + event.get_absolute_url(),
        "cover": settings.SITE_URL + cover,
        "description": Truncator(" ".join(event.description.split())).chars(200),
        "status": f"https://schema.org/{status}",
        "availability": f"https://schema.org/{availability}",
    }
