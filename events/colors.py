"""The dark colour of an event's poster, for paper and mail, which know no CSS variables."""

from events.models import Event

# `--p1` of each hue in static/css/tokens.css, in hexadecimal.
DARK_COLORS = {
    "cherry": "#641226",
    "coral": "#651602",
    "amber": "#5b2600",
    "olive": "#3e3900",
    "fern": "#014400",
    "jade": "#00482b",
    "lagoon": "#00464e",
    "sky": "#003d67",
    "cobalt": "#123271",
    "iris": "#36286d",
    "plum": "#511c59",
    "rose": "#5f143d",
}


def dark_color(event: Event) -> str:
    return DARK_COLORS[event.hue]
