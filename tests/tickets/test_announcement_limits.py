"""Messages to guests are sent once for each form, and only so many an hour."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from eventflow.mail.models import Mail
from tests.support.factories import make_event, make_reservation
from tests.support.markup import has_class, only, words
from tests.tickets.messages import HTMX, WORDS, addresses, event_with_guests, readers, send, url
from tickets.messages import announcements
from tickets.models import Announcement

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(client):
    """An event with guests of every status, whose organizer is logged in."""
    event = event_with_guests()
    client.force_login(event.organizer)
    return event


@pytest.mark.both
def test_message_form_sent_twice_is_one_message(client, event):
    key = str(uuid.uuid4())
    for _ in range(2):
        send(client, event, key=key)
    assert Announcement.objects.count() == 1
    assert len(readers()) == 2


def key_in(answer):
    return only(answer, "//form[@id='message-form']//input[@name='key']").get("value")


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
@pytest.mark.parametrize(
    "other",
    [{"body": "In front of the hall."}, {"subject": "Where to park"}, {"audience": "pending"}],
    ids=["body", "subject", "audience"],
)
def test_message_key_with_another_text_or_audience_is_refused_and_replaced(
    client, event, other, headers
):
    """The first answer was lost, and the message was corrected before it was sent again."""
    key = str(uuid.uuid4())
    send(client, event, key=key)
    corrected = {**WORDS, **other, "action": "send"}
    answer = client.post(url(event), {**corrected, "key": key}, headers=headers)
    assert answer.status_code == 422
    assert "Not sent: with this form you sent another message at" in words(
        only(answer, f"//*[{has_class('error-summary')}]")
    )
    assert only(answer, "//input[@name='subject']").get("value") == corrected["subject"]
    assert words(only(answer, "//textarea[@name='body']")) == " ".join(corrected["body"].split())
    assert Announcement.objects.count() == 1
    assert key_in(answer) != key
    again = client.post(
        url(event), {**corrected, "key": key_in(answer)}, headers=headers, follow=True
    )
    assert again.status_code == 200
    assert Announcement.objects.filter(**{name: corrected[name] for name in WORDS}).count() == 1


@pytest.mark.parametrize(
    "other", [{}, {"body": "In front of the hall."}], ids=["same words", "other words"]
)
def test_message_key_of_a_withdrawn_message_is_refused_and_replaced(client, event, other):
    key = str(uuid.uuid4())
    send(client, event, key=key)
    client.post(reverse("tickets:withdraw_message", args=[Announcement.objects.get().pk]))
    answer = send(client, event, key=key, **other)
    assert answer.status_code == 422
    assert "Not sent: this form was sent before, and that message was taken back." in answer.text
    assert key_in(answer) != key
    assert send(client, event, key=key_in(answer), **other).status_code == 200
    assert readers() == addresses(event, "confirmed")


@pytest.mark.both
def test_message_with_the_same_text_to_the_same_guests_is_refused_for_an_hour(client, event):
    send(client, event)
    answer = send(client, event)
    assert answer.status_code == 422
    assert "You sent this message to these guests at" in answer.text
    assert Announcement.objects.count() == 1
    assert send(client, event, audience="pending").status_code == 200
    assert send(client, event, body="In front of the hall.").status_code == 200


def test_message_that_was_withdrawn_may_be_sent_again(client, event):
    send(client, event)
    client.post(reverse("tickets:withdraw_message", args=[Announcement.objects.get().pk]))
    assert send(client, event).status_code == 200
    assert Announcement.objects.filter(withdrawn_at=None).count() == 1


@pytest.mark.both
def test_messages_to_guests_have_a_limit_an_hour(client, event):
    for number in range(announcements.MOST_AN_HOUR):
        sent(event, f"Parking {number}")
    first = event.announcements.last()
    answer = send(client, event)
    again = (first.created + timedelta(hours=1)).astimezone(event.zone)
    assert answer.status_code == 422
    assert f"You can send the next message at {again:%H:%M}." in answer.text
    assert Announcement.objects.count() == announcements.MOST_AN_HOUR


def sent(event, subject):
    """Send a message as its form does, without the form."""
    words = {**WORDS, "subject": subject, "key": uuid.uuid4()}
    return announcements.send(event, **words, by=event.organizer)


def sent_and_taken_back(event, subject):
    said = sent(event, subject)
    announcements.withdraw(said, by=event.organizer)
    return said


def test_message_limit_allows_two_corrections_of_each_message(client, event):
    for number in range(announcements.MOST_AN_HOUR):
        for typo in ("Prking", "Pakring"):
            sent_and_taken_back(event, f"{typo} {number}")
        if number < announcements.MOST_AN_HOUR - 1:
            sent(event, f"Parking {number}")
    assert send(client, event).status_code == 200
    assert event.announcements.filter(withdrawn_at=None).count() == announcements.MOST_AN_HOUR


def test_messages_sent_and_withdrawn_have_a_limit(client, event):
    """Each puts a mail for every guest into the outbox, whether it leaves or not."""
    first = sent_and_taken_back(event, "Parking 0")
    for number in range(1, announcements.MOST_TRIES_AN_HOUR):
        sent_and_taken_back(event, f"Parking {number}")
    queued = Mail.objects.count()
    answer = send(client, event)
    again = (first.created + timedelta(hours=1)).astimezone(event.zone)
    assert answer.status_code == 422
    assert f"You can send the next message at {again:%H:%M}." in answer.text
    assert Mail.objects.count() == queued
    Announcement.objects.filter(pk=first.pk).update(created=timezone.now() - timedelta(hours=1))
    assert send(client, event).status_code == 200


def test_message_limit_names_the_time_when_all_limits_have_ended(client, event):
    for number in range(announcements.MOST_TRIES_AN_HOUR - announcements.MOST_AN_HOUR):
        sent_and_taken_back(event, f"Parking {number}")
    for number in range(announcements.MOST_AN_HOUR):
        sent(event, f"Sent {number}")
    kept = event.announcements.filter(withdrawn_at=None)
    kept.update(created=timezone.now() - timedelta(minutes=20))
    again = (kept.latest("pk").created + timedelta(hours=1)).astimezone(event.zone)
    assert f"You can send the next message at {again:%H:%M}." in send(client, event).text


def test_message_key_of_another_event_can_be_used(client, event):
    other, key = make_event(organizer=event.organizer), str(uuid.uuid4())
    make_reservation(other, status="confirmed")
    for where in (event, other, other):
        assert send(client, where, key=key).status_code == 200
    assert [(one.event, str(one.key)) for one in Announcement.objects.order_by("pk")] == [
        (event, key),
        (other, key),
    ]
