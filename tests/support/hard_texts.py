"""Texts that people write and programs break on, and a way to put one of them wherever somebody may write.

`soak(text)` writes it into every row that a `tests.support.full_dataset` house has: titles, places, descriptions, names, notes, messages, gates, phones.
"""

from itertools import cycle

from allauth.mfa.models import Authenticator
from django.db.models import CharField, Model, TextField

from accounts.models import User
from events.models import Event
from tickets.models import Announcement, Device, Gate, Reservation, Scan, Ticket

TEXTS = {
    "a long word": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    * 3,
    "a link": "https://drive.example.org/" + "a1B2c3D4e5" * 17,
    "an address": "a.very.long.mailbox.of.somebody.who.likes.dots" * 2
    + "@a-long-department.of.a.longer.institute.example.org",
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
FIELDS: dict[type[Model], list[str]] = {
    Event: ["title", "location", "description", "cancel_message"],
    User: ["first_name", "last_name"],
    Reservation: ["message", "note"],
    Announcement: ["subject", "body"],
    Ticket: ["checked_in_device"],
    Scan: ["device"],
}


def soak(*texts: str) -> None:
    """Put these texts in turn, cut to what fits, wherever somebody has written something."""
    turns = cycle(texts)
    for model, names in FIELDS.items():
        for name, text in zip(names, turns, strict=False):
            model._default_manager.exclude(**{name: ""}).update(**{name: text[: most(model, name)]})
    for row in [*Gate.objects.all(), *Device.objects.all()]:  # an event has each name once
        number = f" {row.pk}"
        text = next(turns)
        type(row)._default_manager.filter(pk=row.pk).update(
            name=text[: most(type(row), "name") - len(number)] + number
        )
    Authenticator.objects.filter(type="webauthn").update(data={"name": texts[0], "credential": {}})


def most(model: type[Model], name: str) -> int:
    field = model._meta.get_field(name)
    assert isinstance(field, CharField | TextField)
    return field.max_length or 0
