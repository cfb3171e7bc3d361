"""Messages of an organizer to their guests: who gets them, and how they are withdrawn."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from eventflow.mail.models import Mail
from events import services as event_services
from tests.support.factories import make_event, make_organizer, make_people
from tests.support.mailbox import letters_to
from tests.support.markup import all_words, has_class, only, words
from tests.tickets.messages import HTMX, WORDS, addresses, event_with_guests, readers, send, url
from tickets.messages import announcements
from tickets.models import Announcement
from tickets.queue import registration

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(client):
    """An event with guests of every status, whose organizer is logged in."""
    event = event_with_guests()
    client.force_login(event.organizer)
    return event


@pytest.mark.parametrize(
    ("audience", "statuses"),
    [("confirmed", ["confirmed"]), ("pending", ["pending"]), ("all", ["confirmed", "pending"])],
)
def test_message_reaches_its_audience_and_nobody_else(client, event, audience, statuses):
    send(client, event, audience=audience)
    assert readers() == addresses(event, *statuses)
    assert Announcement.objects.get().recipients == len(readers())


def test_message_mail_has_the_text_and_the_way_to_get_no_more(client, event):
    send(client, event)
    letter = letters_to(addresses(event, "confirmed")[0])[-1]
    assert "Behind the hall.\nFollow the signs." in letter.body
    assert "/reservations/leave/" in letter.body
    assert "Behind the hall.<br>Follow the signs." in letter.alternatives[0].content


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_message_preview_says_how_many_get_it_and_sends_nothing(client, event, headers):
    answer = client.post(
        url(event), {**WORDS, "key": str(uuid.uuid4()), "action": "preview"}, headers=headers
    )
    assert "Send to 2 people" in all_words(answer, "//button")
    assert "Behind the hall. Follow the signs." in words(
        only(answer, f"//section[{has_class('notice')}]")
    )
    assert not Announcement.objects.exists()


def test_message_form_has_no_send_button_before_the_preview(client, event):
    assert [
        text for text in all_words(client.get(url(event)), "//main//button") if "Send" in text
    ] == []


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_sent_message_answers_with_a_toast_the_list_and_an_empty_form(client, event, headers):
    fields = {**WORDS, "audience": "pending", "key": str(uuid.uuid4()), "action": "send"}
    answer = client.post(url(event), fields, headers=headers, follow=True)
    assert "Sent to 3. It leaves in" in words(only(answer, "//*[@id='toasts']"))
    assert "Parking" in words(only(answer, "//section[@id='sent']"))
    assert only(answer, "//form[@data-countdown]").get("data-countdown") in {"59", "60"}
    assert only(answer, "//input[@name='audience'][@checked]").get("value") == "pending"
    assert not only(answer, "//input[@name='subject']").get("value")


def test_message_withdrawn_in_time_reaches_nobody(client, event):
    send(client, event)
    said = Announcement.objects.get()
    answer = client.post(reverse("tickets:withdraw_message", args=[said.pk]), follow=True)
    assert "Taken back. Nobody gets it." in words(only(answer, "//*[@id='toasts']"))
    assert readers() == []


def test_message_that_was_sent_cannot_be_withdrawn(client, event):
    send(client, event)
    Announcement.objects.update(leaves_at=timezone.now() - timedelta(seconds=1))
    said = Announcement.objects.get()
    assert "Take it back" not in client.get(url(event)).text
    answer = client.post(reverse("tickets:withdraw_message", args=[said.pk]))
    assert answer.status_code == 409
    assert len(readers()) == 2


def test_message_mails_wait_as_long_as_it_can_be_withdrawn(client, event):
    send(client, event)
    leaves_at = Announcement.objects.get().leaves_at
    assert leaves_at
    waits = Mail.objects.filter(builder__endswith=".announcement").values_list(
        "next_attempt_at", flat=True
    )
    assert len(waits) == 2
    assert all(moment and moment >= leaves_at - timedelta(seconds=1) for moment in waits)


def test_message_skips_a_guest_who_cancelled_meanwhile(client, event):
    send(client, event)
    gone = event.reservations.confirmed().first()
    registration.cancel(gone, by=gone.person)
    assert readers() == addresses(event, "confirmed")


@pytest.mark.parametrize(
    ("audience", "held"),
    [("confirmed", ["confirmed"]), ("pending", ["pending"]), ("all", ["confirmed", "pending"])],
)
def test_message_of_a_cancelled_event_is_addressed_by_the_status_before(
    client, event, audience, held
):
    event_services.cancel(event, by=event.organizer)
    form = client.get(url(event))
    choices = all_words(form, f"//form//label[{has_class('choice')}]")
    assert choices == [
        "Everybody who had a spot or was waiting 5 people",
        "Had a spot 2 people",
        "Were waiting 3 people",
    ]
    send(client, event, audience=audience)
    assert readers() == sorted(
        event.reservations.filter(status_at_cancellation__in=held).values_list(
            "person__email", flat=True
        )
    )
    kinds = {
        "confirmed": "Had a spot",
        "pending": "Were waiting",
        "all": "Everybody who had a spot or was waiting",
    }
    assert kinds[audience] in words(only(client.get(url(event)), "//section[@id='sent']"))


def test_message_that_waits_is_not_sent_after_the_event_is_cancelled(client, event):
    send(client, event)
    event_services.cancel(event, by=event.organizer)
    assert readers() == []
    assert "Confirmed" in all_words(
        client.get(url(event)), "//section[@id='sent']//p[contains(@class, 'dots')]/span"
    )


def test_message_to_an_empty_audience_is_refused_beside_the_choice(client):
    event = make_event(organizer=make_organizer())
    client.force_login(event.organizer)
    answer = send(client, event)
    assert answer.status_code == 422
    assert "There is nobody to write to yet." in words(
        only(answer, f"//*[{has_class('error-summary')}]")
    )


@pytest.mark.parametrize("field", ["subject", "body"])
def test_message_form_names_missing_fields_and_keeps_typed_text(client, event, field):
    answer = send(client, event, **{field: ""})
    assert answer.status_code == 422
    assert only(answer, f"//*[@name='{field}']").get("aria-invalid") == "true"
    assert not Announcement.objects.exists()


def test_message_to_many_guests_needs_the_same_number_of_queries(
    event, django_assert_max_num_queries
):
    for person in make_people(40):
        registration.reserve(event.pk, person=person)
    with django_assert_max_num_queries(14):
        announcements.send(
            event, audience="pending", subject="x", body="y", key=uuid.uuid4(), by=event.organizer
        )
    assert Mail.objects.filter(builder__endswith=".announcement").count() == 43
