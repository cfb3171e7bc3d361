"""The time zones of the world, as lists to choose from. Ground floor: imports nothing of EventFlow."""

import zoneinfo
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib import resources

from django.utils import timezone

Choices = list[tuple[str, list[tuple[str, str]]]]


@cache
def zones() -> set[str]:
    """Every time zone there is. Read from the disk once: there are about 600."""
    return zoneinfo.available_timezones()


@cache
def current_zones() -> set[str]:
    """The time zones to choose from: those of a place, by the name it has now, and UTC. Others stay where they are in use."""
    table = resources.files("tzdata").joinpath("zoneinfo/zone.tab").read_text()
    return {
        "UTC",
        *(line.split("\t")[2] for line in table.splitlines() if not line.startswith("#")),
    } & zones()


def zones_by_region(without: set[str]) -> Choices:
    """The zones to choose from, by region, for a select: `[("Europe", [("Europe/Warsaw", "Warsaw (UTC+1)")])]`."""
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    left = [
        (region, [choice for choice in choices if choice[0] not in without])
        for region, choices in regions_at(hour)
    ]
    return [(region, choices) for region, choices in left if choices]


@lru_cache(maxsize=1)
def regions_at(hour: datetime) -> Choices:
    """All of them with their offsets at this hour. Kept, because the files of 400 zones are read for it."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(current_zones() - {"UTC"}):
        regions.setdefault(name.partition("/")[0], []).append((name, spoken_zone(name, hour)))
    return [
        (region, sorted(names, key=lambda choice: choice[1])) for region, names in regions.items()
    ]


def spoken_zone(name: str, at: datetime | None = None) -> str:
    """`Warsaw (UTC+1)`, by its clock then, or now. The town comes first: that is what somebody types to find it in a select."""
    if name == "UTC":
        return name
    *around, town = name.replace("_", " ").split("/")
    return f"{', '.join([town, *around[:0:-1]])} ({offset(name, at or timezone.now())})"


def offset(name: str, at: datetime) -> str:
    """How far the clock of this zone is from UTC at that time: `UTC+1`, `UTC−3:30`."""
    ahead = at.astimezone(zoneinfo.ZoneInfo(name)).utcoffset() or timedelta()
    hours, minutes = divmod(abs(ahead) // timedelta(minutes=1), 60)
    return f"UTC{'−' if ahead < timedelta() else '+'}{hours}{f':{minutes:02}' if minutes else ''}"
