"""Seeds a database with up to a million reservations, as the product would have written them.

Half of the reservations are at one event, a tenth at a second one, the rest at many. The two big
events and half of the others are the measured organizer's. `manage.py check_invariants` proves it.
"""

import re
import time
from dataclasses import dataclass
from typing import Any

import psycopg

SIZES = (1_000, 100_000, 1_000_000)
# How many events share what is not at the two big ones.
OTHERS = {1_000: 50, 100_000: 200, 1_000_000: 1_000}
BIG, SECOND, FIRST_OTHER = 1, 2, 3

TITLES = "Night Print,Open Studio,Letterpress,Risograph,Bookbinding,Poster School,Type Walk"
FIRST_NAMES = (
    "Maja Paweł Zofia Jan Anna Piotr Julia Jakub Łucja Szymon "
    "Hanna Filip Alicja Wojciech Oliwia Antoni Ewa Kacper Nina Tomasz"
)
LAST_NAMES = (
    "Nowak Kowalska Wiśniewska Wójcik Kamińska Lewandowski Zielińska Szymańska Woźniak "
    "Dąbrowska Kozłowska Mazur Jankowska Kwiatkowski Krawczyk Piotrowska Grabowska Pawłowska "
    "Michalska Król Wieczorek Jabłońska Wróbel Majewska Olszewska Stępień Jaworska Malinowska "
    "Dudek Adamczyk"
)

PEOPLE = f"""
    INSERT INTO accounts_user (id, password, last_login, email, first_name, last_name, role,
        language, is_active, date_joined)
    SELECT n, '!', NULL, 'guest' || n || '@example.org', (string_to_array('{FIRST_NAMES}',
        ' '))[1 + n % 20],
        (string_to_array('{LAST_NAMES}', ' '))[1 + (n / 20) % 30], 'user', CASE n % 3 WHEN 0
            THEN 'pl' ELSE 'en' END, true, now() - interval '90 days'
    FROM generate_series(1, %(people)s::bigint) AS n
"""
MEASURED_PEOPLE = """
    INSERT INTO accounts_user (id, password, last_login, email, first_name, last_name, role,
        language, is_active, date_joined)
    VALUES (%(organizer)s, '!', NULL, 'organizer@example.org', 'Ola', 'Organizer', 'organizer',
        'en', true, now() - interval '99 days'),
        (%(other)s, '!', NULL, 'other@example.org', 'Olek', 'Other', 'organizer', 'en', true,
            now() - interval '99 days'),
        (%(guest)s, '!', NULL, 'guest@example.org', 'Gaja', 'Guest', 'user', 'en', true,
            now() - interval '99 days')
"""
# `eventflow.core.text.fold`, as far as these texts go: what search reads.
FOLDED = "lower(translate({}, 'ĄĆĘŁŃÓŚŹŻąćęłńóśźż,.', 'ACELNOSZZacelnoszz'))"
FOLDED_PEOPLE = "UPDATE accounts_user SET " + ", ".join(
    f"{name}_folded = {FOLDED.format(name)}" for name in ("first_name", "last_name")
)
FOLDED_EVENTS = "UPDATE events_event SET " + ", ".join(
    f"{name}_folded = {FOLDED.format(name)}" for name in ("title", "description", "location")
)
ADDRESSES = """
    INSERT INTO account_emailaddress (user_id, email, verified, "primary") SELECT id, email, true,
        true FROM accounts_user
"""
EVENTS = """
    INSERT INTO events_event (id, title, description, location, start_time, end_time, time_zone,
        seats_limit, admission, status, hue, pattern,
        organizer_id, cancel_message, created, published_at, cancelled_at, sequence, reminded_for,
            confirmed_count, pending_count, checked_in_count,
        rejected_count, cancelled_count)
    SELECT n, (string_to_array(%(titles)s, ','))[1 + n % 7] || ' ' || n,
        'An evening with ink, paper and people. Bring an apron.',
            (string_to_array('Wrocław,Łódź,Kraków,Poznań', ','))[1 + n % 4] || ', Ruska ' || n,
        now() + interval '30 days' + n * interval '1 hour',
            now() + interval '30 days 3 hours' + n * interval '1 hour', 'Europe/Warsaw', 1000000,
        CASE WHEN n < 3 OR n % 2 = 0 THEN 'approval' ELSE 'automatic' END, 'published', 'lagoon',
            'rings',
        CASE WHEN n < 3 OR n % 2 = 0 THEN %(organizer)s ELSE %(other)s END,
        '', now() - interval '80 days', now() - interval '79 days', NULL, 0, NULL, 0, 0, 0, 0, 0
    FROM generate_series(1, %(others)s + 2) AS n
"""
# Of ten reservations five are at the big event, one at the second, four at the others in turn; the
# measured guest is at each of the others. `place` counts those of an event from 0, in the order of
# its queue. In an automatic event the first ones have the seats, as the product gives them.
RESERVATIONS = """
    INSERT INTO tickets_reservation (id, person_id, event_id, status, created, decided_at,
        decided_by_id, message, note, key)
    SELECT id, person, event, status, made, CASE WHEN status IN ('confirmed', 'rejected')
        THEN made + interval '10 minutes' END,
        CASE WHEN status = 'rejected' OR status = 'confirmed' AND is_approval THEN by END, '', '',
            ''
    FROM (
        SELECT *,
            now() - interval '60 days' + id * (interval '59 days' / (%(size)s + %(others)s)) AS
            made, event < 3 OR event % 2 = 0 AS is_approval,
            CASE WHEN event < 3 OR event % 2 = 0 THEN %(organizer)s ELSE %(other)s END AS by,
            CASE
                WHEN place % 20 = 18 THEN 'rejected'
                WHEN place % 20 = 19 THEN 'cancelled'
                WHEN event > 2 AND event % 2 = 1 THEN CASE
                    WHEN place < %(size)s * 0.24 / %(others)s THEN 'confirmed' ELSE 'pending' END
                WHEN place % 20 < 11 THEN 'confirmed'
                ELSE 'pending'
            END AS status
        FROM (
            SELECT n + 1 AS id, 1 AS event, n / 10 * 5 + n % 10 AS place,
                1 + n / 10 * 5 + n % 10 AS person
                FROM generate_series(0, %(size)s::bigint - 1) AS n WHERE n % 10 < 5
            UNION ALL
            SELECT n + 1, 2, n / 10, 1 + n / 10 FROM generate_series(0, %(size)s::bigint - 1) AS n
                WHERE n % 10 = 5
            UNION ALL
            SELECT id, 3 + m % %(others)s, m / %(others)s,
                1 + (m / %(others)s * 37 + m % %(others)s * 11) % %(people)s
                FROM (SELECT n + 1 AS id, n / 10 * 4 + n % 10 - 6 AS m FROM generate_series(0,
                    %(size)s::bigint - 1) AS n WHERE n % 10 > 5) AS spread
            UNION ALL
            SELECT %(size)s + 1 + n, 3 + n, %(size)s / 10 * 4 / %(others)s, %(guest)s
                FROM generate_series(0, %(others)s::bigint - 1) AS n
        ) AS places
    ) AS reservations
    ORDER BY id
"""
# The short code is the first 40 bits of the serial in Crockford's base 32 (tickets.models.code_of).
DIGIT = "substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (bits >> {shift} & 31)::int + 1, 1)"
CODE = " || ".join(
    [DIGIT.format(shift=shift) for shift in (35, 30, 25, 20)]
    + ["'-'"]
    + [DIGIT.format(shift=shift) for shift in (15, 10, 5, 0)]
)
TICKETS = f"""
    INSERT INTO tickets_ticket (reservation_id, event_id, serial, code, issued_at, void_at,
        checked_in_at, checked_in_by_id, checked_in_device,
        changed)
    SELECT id, event_id, serial, {CODE}, decided_at, NULL, CASE WHEN event_id = 2 AND id % 2 = 0
        THEN decided_at END,
        CASE WHEN event_id = 2 AND id % 2 = 0 THEN decided_by_id END, '', decided_at
    FROM (
        SELECT *, ('x' || left(serial, 10))::bit(40)::bigint AS bits
        FROM (
            SELECT id, event_id, decided_at, decided_by_id, left(md5('ticket' || id), 16) AS serial
            FROM tickets_reservation WHERE status = 'confirmed'
        ) AS confirmed
    ) AS serials
    ORDER BY id
"""
AUDIT = """
    INSERT INTO eventflow_auditentry (at, by_id, action, target_type, target_id, facts, request_id)
    SELECT created, person_id, 'reservation.reserve', 'tickets.reservation', id, '{}',
        md5('request' || id) FROM tickets_reservation ORDER BY id
"""
COUNTERS = """
    UPDATE events_event SET confirmed_count = confirmed, pending_count = pending,
        rejected_count = rejected, cancelled_count = cancelled,
        checked_in_count = inside,
        seats_limit = CASE admission WHEN 'automatic' THEN greatest(confirmed, 1)
            ELSE confirmed + 50 END
    FROM (
        SELECT r.event_id, count(*) FILTER (WHERE status = 'confirmed') AS confirmed,
            count(*) FILTER (WHERE status = 'pending') AS pending,
            count(*) FILTER (WHERE status = 'rejected') AS rejected,
                count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
            count(checked_in_at) AS inside
        FROM tickets_reservation AS r LEFT
            JOIN tickets_ticket AS t ON t.reservation_id = r.id GROUP BY r.event_id
    ) AS counted
    WHERE counted.event_id = events_event.id
"""
SEQUENCES = ("accounts_user", "events_event", "tickets_reservation")


@dataclass(frozen=True)
class Database:
    """A database with `size` reservations, and the ids of the measured people in it."""

    name: str
    size: int

    @property
    def people(self) -> int:
        return self.size // 2

    @property
    def organizer(self) -> int:
        """The measured organizer's id."""
        return self.people + 1

    @property
    def other(self) -> int:
        return self.people + 2

    @property
    def guest(self) -> int:
        """The id of a guest with a reservation at every event but the two big ones."""
        return self.people + 3


def seed(connection: "psycopg.Connection[Any]", database: Database) -> float:
    """Fill a migrated, empty database, with every constraint, index and trigger.

    Returns the seconds that it took.
    """
    begun = time.monotonic()
    facts = {
        "size": database.size,
        "titles": TITLES,
        "others": OTHERS[database.size],
        "people": database.people,
        "organizer": database.organizer,
        "other": database.other,
        "guest": database.guest,
    }
    for statement in (
        PEOPLE,
        MEASURED_PEOPLE,
        FOLDED_PEOPLE,
        ADDRESSES,
        EVENTS,
        FOLDED_EVENTS,
        RESERVATIONS,
        TICKETS,
        AUDIT,
        COUNTERS,
    ):
        connection.execute(with_modulo(statement), facts)
    for table in SEQUENCES:
        connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )
    connection.execute("VACUUM (ANALYZE)")
    return time.monotonic() - begun


def with_modulo(statement: str) -> Any:
    """Every percent sign that begins no parameter is SQL's own."""
    return re.sub(r"%(?!\()", "%%", statement)
