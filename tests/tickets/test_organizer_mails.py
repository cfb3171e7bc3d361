"""Mails to organizers about their events: at once or never, once, and in their language."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.urls import reverse

from eventflow.core.errors import Refused
from eventflow.jobs import schedule
from eventflow.mail.models import Mail
from events import services as event_services
from events.models import Event
from events.services import lock
from tests.support.factories import make_event, make_organizer, make_person, make_reservation
from tests.support.mailbox import letters_to
from tests.support.threads import run_together
from tests.tickets.organizer_news import ask, later, prefers, subjects
from tickets.messages import organizer_news
from tickets.models import EventNews
from tickets.queue import registration

pytestmark = pytest.mark.django_db
SETTINGS = "/accounts/settings/"


@pytest.fixture
def organizer():
    return make_organizer(email="pawel@example.org")


# --- At once, and never ---------------------------------------------------------------------------


def test_organizer_mail_collects_a_rush_of_requests_for_a_quarter_of_an_hour(organizer):
    prefers(organizer, "at_once")
    event = make_event(organizer=organizer, title="Nocny druk")
    ask(event, 1)
    organizer_news.queue_due_mails()
    ask(event, 20)
    assert organizer_news.queue_due_mails() == 0
    later(organizer_news.PAUSE)
    assert [organizer_news.queue_due_mails(), organizer_news.queue_due_mails()] == [1, 0]
    assert subjects(organizer) == ["Nocny druk: 1 new request", "Nocny druk: 20 new requests"]


def test_organizer_mail_switched_off_is_not_sent_later(organizer):
    prefers(organizer, "off")
    ask(make_event(organizer=organizer), 2)
    organizer_news.queue_due_mails()
    prefers(organizer, "at_once")
    assert organizer_news.queue_due_mails() == 0
    assert subjects(organizer) == []


# --- Once, in their language, with a way to change it ---------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_daily_mail_is_sent_once_by_many_workers(organizer):
    ask(make_event(organizer=organizer), 1)
    gate, counts = threading.Barrier(3), []

    def work():
        gate.wait()
        counts.append(organizer_news.queue_due_mails())
        connection.close()

    run_together([work] * 3)
    assert sum(counts) == 1
    assert Mail.objects.filter(builder="tickets.organizer_news").count() == 1


@pytest.mark.postgresql  # on SQLite one transaction that may write waits for the other anyway
@pytest.mark.django_db(transaction=True)
def test_daily_mail_waits_for_no_lock_of_the_event(organizer):
    event = make_event(organizer=organizer)
    ask(event, 1)
    held, told = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            lock(event.pk)
            held.set()
            told.wait(30)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
        assert organizer_news.queue_due_mails() == 1
    finally:
        told.set()
        holder.join()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


def test_refused_reservation_leaves_no_news(organizer):
    event = make_event(organizer=organizer, status="cancelled")
    with pytest.raises(Refused):
        registration.reserve(event.pk, person=make_person())
    assert not EventNews.objects.exists()


def test_organizer_mail_is_in_their_language_and_names_the_settings_page(organizer):
    prefers(organizer, "daily", language="pl")
    event = make_event(organizer=organizer, title="Nocny druk")
    ask(event, 1)
    organizer_news.queue_due_mails()
    [letter] = letters_to(organizer.email)
    assert letter.subject == "Nocny druk: 1 nowe zgłoszenie"
    assert SETTINGS in letter.body
    assert letter.message()["List-Unsubscribe"].endswith(f"{SETTINGS}>")


def test_organizer_mail_leaves_out_an_event_cancelled_meanwhile(organizer):
    event = make_event(organizer=organizer)
    ask(event, 1)
    event_services.cancel(event, by=organizer)
    organizer_news.queue_due_mails()
    assert subjects(organizer) == []


def test_worker_collects_news_every_minute():
    assert schedule.SCHEDULE["organizers"][1] == timedelta(minutes=1)


def test_settings_page_lets_an_organizer_choose_the_mails(client, organizer):
    client.force_login(organizer)
    fields = {
        "first_name": "Paweł",
        "last_name": "",
        "language": "en",
        "organizer_mail": "at_once",
        "time_zone": "Asia/Tokyo",
    }
    assert client.post(SETTINGS, fields).status_code == 302
    organizer.refresh_from_db()
    assert (organizer.organizer_mail, organizer.time_zone) == ("at_once", "Asia/Tokyo")
    client.post(SETTINGS, fields | {"time_zone": "Mars/Olympus"})
    organizer.refresh_from_db()
    assert organizer.time_zone == "Asia/Tokyo"


def test_settings_page_of_a_guest_has_no_choice_of_organizer_mails(client):
    client.force_login(make_person())
    page = client.get(reverse("accounts:settings")).text
    assert "organizer_mail" not in page
    assert "time_zone" not in page


def test_own_reservation_of_the_organizer_is_no_news(organizer):
    make_reservation(make_event(organizer=organizer), organizer)
    assert not EventNews.objects.exists()
    assert Event.objects.get().pending_count == 1
