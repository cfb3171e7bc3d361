"""The people and events of the demo. Days and hours count from its loading, in Polish time."""

from dataclasses import dataclass

PASSWORD = "eventflow-demo"  # noqa: S105  printed at every start of the demo, and nowhere else in use

DOOR, MAJA = "door@example.org", "maja@example.org"

# Address, first and last name, role, language. The first four are printed as log-ins.
PEOPLE = [
    ("admin@example.org", "Anna", "Nowak", "admin", "en"),
    ("organizer@example.org", "Paweł", "Ostrowski", "organizer", "en"),
    (DOOR, "Tomasz", "Zieliński", "user", "en"),
    (MAJA, "Maja", "Wiśniewska", "user", "en"),
    ("zofia@example.org", "Zofia", "Kaczmarek", "organizer", "pl"),
]

FIRST_NAMES = [
    *(
        "Jan",
        "Ola",
        "Kuba",
        "Hania",
        "Piotr",
        "Łucja",
        "Michał",
        "Ewa",
        "Wojciech",
        "Iga",
        "Stefan",
        "Natalia",
    ),
    *("Amira", "Jonas", "Oksana", "Thandi", "Mateo", "Yuki", "Siobhán", "Luc"),
]
LAST_NAMES = [
    "Kowalczyk",
    "Mazur",
    "Dąbrowska-Lis",
    "Wójcik",
    "Źrebiec",
    "Shevchenko",
    "O’Connor",
    "García",
]


@dataclass(frozen=True)
class DemoEvent:
    """An event and its queue: how many reserved, cancelled, were confirmed, rejected, checked in.

    `day` counts from today; `at` is the local time, None for an event that has just begun. `maja`
    is her index among the guests.
    """

    title: str
    location: str
    description: str
    hue: str
    pattern: str
    day: int
    at: str | None
    hours: int
    seats: int
    admission: str = "approval"
    organizer: str = "organizer@example.org"
    guests: int = 0
    confirmed: int = 0
    rejected: int = 0
    withdrawn: int = 0
    checked_in: int = 0
    maja: int | None = None
    status: str = "published"
    cancel_message: str = ""


EVENTS = [
    DemoEvent(
        "Repair café: bring a broken thing",
        "Infopunkt, Łokietka 5, Wrocław",
        "A lamp that flickers, trousers with a hole, a radio that only hums: sit down with "
        "somebody who can mend it and learn how.\n\n"
        "Tools, tea and spare parts are there. One thing a person, please, and nothing that needs "
        "two people to carry.",
        *("jade", "rays", 0, None, 3, 40),
        admission="automatic",
        guests=31,
        withdrawn=2,
        checked_in=17,
    ),
    DemoEvent(
        "PyWro 41: Django in the long run",
        "Browar Mieszczański, Hubska 44, Wrocław",
        "Two talks about code that is older than some of the people who keep it, then pizza.\n\n"
        "What ten years of migrations teach, and how a small team replaced its front end with "
        "templates and slept better.",
        *("cobalt", "steps", 9, "18:30", 3, 120),
        admission="automatic",
        organizer="zofia@example.org",
        guests=101,
        withdrawn=2,
    ),
    DemoEvent(
        "Open choir rehearsal, no notes required",
        "Impart, Mazowiecka 17, Wrocław",
        "Come and sing. We learn two songs by ear and nobody has to stand in front.\n\nThere is "
        "room for everybody's voice, but only thirty chairs.",
        *("amber", "sun", 9, "19:00", 2, 30),
        organizer="zofia@example.org",
        guests=19,
        confirmed=12,
        maja=14,
    ),
    DemoEvent(
        "Night Print: carve and pull a linocut poster",
        "Pracownia Odbitka, Ruska 46c, Wrocław",
        "An evening with three presses, a lot of ink and no screens. You sketch, carve a block "
        "and pull a small edition of your own poster.\n\n"
        "No experience needed. Linoleum, tools, paper and an apron are on us; wear something that "
        "may meet a little black ink.\n\n"
        "Step-free entrance from the courtyard. In Polish, with English on request.",
        *("cherry", "tiles", 17, "18:00", 4, 24),
        guests=32,
        confirmed=17,
        rejected=2,
        withdrawn=1,
    ),
    DemoEvent(
        "First aid for parents and grandparents",
        "Biblioteka, Rynek 58, Wrocław",
        "What to do in the four minutes before help comes: choking, burns, fever, a fall. With "
        "dolls to practise on.\n\n"
        "Children are welcome and looked after.",
        *("plum", "arches", 18, "10:00", 3, 20),
        admission="automatic",
        organizer="zofia@example.org",
        guests=15,
        withdrawn=1,
        maja=3,
    ),
    DemoEvent(
        "Spacer po Lesie Osobowickim: co tu można zjeść",
        "Pętla tramwajowa Osobowice, Wrocław",
        "Trzy godziny wolnym krokiem, z przewodniczką, koszem i lupą. Uczymy się rozpoznawać to, "
        "co jadalne, i zostawiać to, co chronione.\n\n"
        "Zabierz ciepłe buty i termos. Idziemy także w deszczu.",
        *("fern", "rings", 18, "11:30", 3, 15),
        admission="automatic",
        guests=22,
        withdrawn=1,
    ),
    DemoEvent(
        "Kino Plener: niemy film, żywy fortepian",
        "Zajezdnia, Grabiszyńska 184, Wrocław",
        "Film z 1927 roku i muzyka, która powstaje w trakcie. Koce są na miejscu.",
        *("rose", "dots", 18, "20:00", 2, 60),
        organizer="zofia@example.org",
        guests=14,
        confirmed=9,
        status="cancelled",
        cancel_message="Fortepian utknął na granicy. Zapraszamy wiosną, damy znać.",
        maja=2,
    ),
    DemoEvent(
        "Baltic Frontend Day",
        "Stocznia Cesarska, Gdańsk",
        "One day, six talks, no sponsors on stage. Accessibility, type on screens, and what CSS "
        "can do by itself now.",
        *("lagoon", "rings", 25, "10:00", 7, 90),
        guests=78,
        confirmed=57,
        rejected=3,
        withdrawn=2,
    ),
    DemoEvent(
        "Warsztaty ceramiki: pierwsza miska",
        "Pracownia Glina, Kazimierz, Kraków",
        "Koło, glina i cierpliwość. Każda osoba wychodzi z jedną miską, krzywą, ale własną; "
        "wypalamy ją i odsyłamy.\n\nMateriały są w cenie zerowej.",
        *("coral", "arches", 30, "16:00", 4, 10),
        organizer="zofia@example.org",
        guests=13,
        confirmed=10,
    ),
    DemoEvent(
        "Letterpress for developers",
        "Pracownia Odbitka, Ruska 46c, Wrocław",
        "Set your favourite error message in lead, by hand, backwards. Kerning was never this "
        "heavy.",
        *("iris", "steps", 44, "18:00", 3, 16),
        admission="automatic",
        guests=9,
    ),
    DemoEvent(
        "Open studio Sunday",
        "Pracownia Odbitka, Ruska 46c, Wrocław",
        "The presses are yours for an afternoon.",
        *("olive", "sun", 52, "12:00", 6, 40),
        status="draft",
    ),
    DemoEvent(
        "Introligatornia dla początkujących, część druga",
        "Pracownia Odbitka, Ruska 46c, Wrocław",
        "Szycie blokowe, wyklejki i okładka z płótna.",
        *("sky", "tiles", -11, "17:00", 4, 20),
        guests=21,
        confirmed=18,
        rejected=2,
        checked_in=16,
        maja=5,
    ),
]
