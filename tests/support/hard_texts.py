"""Texts on which programs break, and a function that puts them wherever a person may write.

`fill_every_text(text)` writes one into the rows of a `tests.support.full_dataset`: titles, places,
descriptions, names, notes, messages, gates, devices.
"""

from itertools import cycle

from allauth.mfa.models import Authenticator
from django.db.models import CharField, Model, TextField

from accounts.models import User
from events.models import Event
from tests.support.turned_text import TURNING
from tickets.models import Announcement, Device, Gate, Reservation, Scan, Ticket

LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
LONG_MAILBOX = "a.very.long.mailbox.of.somebody.who.likes.dots"
TEXTS = {
    "a long word": LONG_WORD * 3,
    "a link": "https://drive.example.org/" + "a1B2c3D4e5" * 17,
    "an address": LONG_MAILBOX * 2 + "@a-long-department.of.a.longer.institute.example.org",
    "right to left": "مهرجان الخط العربي 2027: ورشة عمل (مجاني)",
    "an override": "\u202eקרוא evil",
    "a stray end of an isolate": "\u2069\u202eקרוא",
    "Chinese, Japanese, Korean": "東京タワー大学 서울특별시 國家圖書館",
    "Vietnamese": "Nguyễn Thị Hương",
    "emoji": "👩‍👩‍👧‍👦 🎫 🇵🇱 ❤️",
    "zero width": "Mi\u200bę\u200dd\u2060zy\ufeff",
    "decomposed": "Zoe\u0308 Łu\u0301kasz",
    "a pile of marks": "Z" + "\u0301\u0323" * 40 + "algo",
    "markup": '<b>{{ 7 }}</b> & "quoted" O\'Neil &amp; {% now %}',
    "a formula": '=HYPERLINK("https://example.org";"x");-2+3',
}
# The same, as many at a time as a title takes: where each page or mail is dear, and it matters only
# that they arrive.
TOGETHER = {
    **{name: TEXTS[name] for name in ("a long word", "a link", "an address", "a pile of marks")},
    "scripts": " ".join(
        TEXTS[name]
        for name in (
            "right to left",
            "Chinese, Japanese, Korean",
            "Vietnamese",
            "emoji",
            "decomposed",
        )
    ),
    "characters that programs read": " ".join(
        TEXTS[name]
        for name in (
            "a formula",
            "markup",
            "zero width",
            "an override",
            "a stray end of an isolate",
        )
    ),
}
# Put before and after what is there: everything of the above that can be written without Latin
# words, so that those on a page are the product's own. What begins it survives a short field.
SURROUNDING = (
    TURNING,
    '<b>{{ 7 }}</b> & "λόγια" Ο\'Νιλ &#38; {% νυν %} =ΑΝ("α";"β");-2+3 '
    "مهرجان 東京 서울 ễị 👩‍👩‍👧‍👦 Μι\u200bα\u2060\ufeff Ζωη\u0301 Ζ" + "\u0301\u0323" * 20,
)
# Words to look for and a ticket's code are compared, not stored: a text that is longer than these
# fields take matches nothing either way.
COMPARED = {"q", "place", "code"}
FIELDS: dict[type[Model], list[str]] = {
    Event: ["title", "location", "description", "cancel_message"],
    User: ["first_name", "last_name"],
    Reservation: ["message", "note"],
    Announcement: ["subject", "body"],
    Ticket: ["checked_in_device"],
    Scan: ["device"],
}


def fill_every_text(*texts: str) -> None:
    """Replace every non-empty text of a person by the next of these texts, cut to what fits."""
    turns = cycle(texts)
    for model, names in FIELDS.items():
        for name, text in zip(names, turns, strict=False):
            fitting = text[: max_length_of(model, name)]
            model._default_manager.exclude(**{name: ""}).update(**{name: fitting})
    for row in [*Gate.objects.all(), *Device.objects.all()]:  # an event has each name once
        model, number = type(row), f" {row.pk}"
        fitting = next(turns)[: max_length_of(model, "name") - len(number)]
        model._default_manager.filter(pk=row.pk).update(name=fitting + number)
    Authenticator.objects.filter(type="webauthn").update(data={"name": texts[0], "credential": {}})


def surround_every_text(before: str, after: str) -> None:
    """Put these texts around every non-empty text of a person, cut to what fits."""
    texts: dict[type[Model], list[str]] = {**FIELDS, Gate: ["name"], Device: ["name"]}
    for model, names in texts.items():
        rows = [*model._default_manager.all()]
        for row in rows:
            for name in names:
                if value := getattr(row, name):
                    text = f"{before}{value} {after}"[: max_length_of(model, name)]
                    setattr(row, name, text)
        model._default_manager.bulk_update(rows, names)
    key = {"name": f"{before}{after}", "credential": {}}
    Authenticator.objects.filter(type="webauthn").update(data=key)


def max_length_of(model: type[Model], name: str) -> int:
    """The max_length_of characters of this field, which has a limit."""
    field = model._meta.get_field(name)
    assert isinstance(field, CharField | TextField)
    return field.max_length or 0
