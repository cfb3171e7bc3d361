"""The time zones of the world, as lists to choose from."""

import zoneinfo
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib import resources

from django.utils import timezone

Choices = list[tuple[str, list[tuple[str, str]]]]


@cache
def zones() -> set[str]:
    """The names of all time zones, about 600. Read from the disk once."""
    return zoneinfo.available_timezones()


@cache
def selectable_zones() -> set[str]:
    """The time zones that a person can choose: one for each place, by its present name, and UTC.

    Others, like former names, stay valid where they are in use.
    """
    table = resources.files("tzdata").joinpath("zoneinfo/zone.tab").read_text()
    return {
        "UTC",
        *(line.split("\t")[2] for line in table.splitlines() if not line.startswith("#")),
    } & zones()


def zones_by_region(without: set[str]) -> Choices:
    """The selectable zones but those in `without`, by region, for a select.

    As `[("Europe", [("Europe/Warsaw", "Warsaw (UTC+1)")])]`.
    """
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    left = [
        (region, [choice for choice in choices if choice[0] not in without])
        for region, choices in regions_at(hour)
    ]
    return [(region, choices) for region, choices in left if choices]


@lru_cache(maxsize=1)
def regions_at(hour: datetime) -> Choices:
    """All selectable zones with their offsets at this hour.

    Cached, because it reads the files of 400 zones.
    """
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(selectable_zones() - {"UTC"}):
        regions.setdefault(name.partition("/")[0], []).append((name, zone_label(name, hour)))
    return [
        (region, sorted(names, key=lambda choice: choice[1])) for region, names in regions.items()
    ]


def zone_label(name: str, at: datetime | None = None) -> str:
    """The label of a zone, as `Warsaw (UTC+1)`, with its offset at a time, or now.

    The town comes first, because a person types it to find it in a select.
    """
    if name == "UTC":
        return name
    *around, town = name.replace("_", " ").split("/")
    return f"{', '.join([town, *around[:0:-1]])} ({offset(name, at or timezone.now())})"


def offset(name: str, at: datetime) -> str:
    """The offset of a zone from UTC at a time, as `UTC+1` or `UTC−3:30`."""
    ahead = at.astimezone(zoneinfo.ZoneInfo(name)).utcoffset() or timedelta()
    hours, minutes = divmod(abs(ahead) // timedelta(minutes=1), 60)
    return f"UTC{'−' if ahead < timedelta() else '+'}{hours}{f':{minutes:02}' if minutes else ''}"
