"""The time zones of the world, as lists to choose from. Ground floor: imports nothing of EventFlow."""

import zoneinfo
from datetime import timedelta
from functools import cache
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
    return {"UTC", *(line.split("\t")[2] for line in table.splitlines() if not line.startswith("#"))} & zones()


def zones_by_region(without: set[str]) -> Choices:
    """The zones to choose from, by region, for a select: `[("Europe", [("Europe/Warsaw", "Warsaw (UTC+1)")])]`."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(current_zones() - without - {"UTC"}):
        regions.setdefault(name.partition("/")[0], []).append((name, spoken_zone(name)))
    return [(region, sorted(names, key=lambda choice: choice[1])) for region, names in regions.items()]


def spoken_zone(name: str) -> str:
    """`Warsaw (UTC+1)`, by its clock now. The town comes first: that is what somebody types to find it in a select."""
    if name == "UTC":
        return name
    *around, town = name.replace("_", " ").split("/")
    return f"{', '.join([town, *around[:0:-1]])} ({offset(name)})"


def offset(name: str) -> str:
    """How far the clock of this zone is from UTC now: `UTC+1`, `UTC−3:30`."""
    ahead = timezone.now().astimezone(zoneinfo.ZoneInfo(name)).utcoffset() or timedelta()
    hours, minutes = divmod(abs(ahead) // timedelta(minutes=1), 60)
    return f"UTC{'−' if ahead < timedelta() else '+'}{hours}{f':{minutes:02}' if minutes else ''}"
