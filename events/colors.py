"""The posters' dark colour in hexadecimal, for paper and mail, which know no CSS variables: `--p1` of tokens.css."""

from events.models import Event

INK = {
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


def ink(event: Event) -> str:
    return INK[event.hue]
