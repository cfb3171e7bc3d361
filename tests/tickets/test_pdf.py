"""The PDF of a ticket: the facts, the code and the language, on one page."""

from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import translation
from pypdf import PdfReader

from tests.support.pdf_tools import codes_of, missing_glyphs, text_of, words_below
from tests.tickets.paper import ticket_with_polish_letters
from tickets.ticket import pdf, signature

pytestmark = [pytest.mark.django_db, pytest.mark.once(on="postgresql")]


@pytest.fixture
def ticket():
    return ticket_with_polish_letters()


@pytest.mark.process("other programs read the paper")
def test_pdf_shows_guest_time_and_place(ticket):
    words = text_of(pdf.render(ticket))
    for said in (
        "Zażółć gęślą jaźń",
        "Ruska 46c, Wrocław",
        "Maja Wiśniewska-Źdźbło",
        "Łucja Śliwińska presents",
        ticket.code,
    ):
        assert said in words
    assert "Saturday, 11 December 2027" in words and "18:00–22:00" in words


@pytest.mark.process("other programs read the paper")
def test_pdf_prints_an_address_of_usual_length_in_one_line(ticket):
    person = ticket.reservation.person
    person.first_name, person.last_name, person.email = "𒀀𒀁", "Nowak", "olga.nowak@example.org"
    assert person.email in text_of(pdf.render(ticket))


def test_pdf_has_a_language_and_a_title(ticket):
    with translation.override("pl"):
        reader = PdfReader(BytesIO(pdf.render(ticket)))
    assert reader.root_object["/Lang"] == "pl" and reader.metadata
    assert reader.metadata.title == f"Bilet {ticket.code}"


@pytest.mark.process("other programs read the paper")
@pytest.mark.parametrize("language", ["en", "pl"])
def test_pdf_breaks_no_link(ticket, language):
    ticket.event.pk = 35_612
    with translation.override(language):
        words = text_of(pdf.render(ticket))
    assert (
        pdf.address(ticket.event.get_absolute_url()) in words
        and pdf.address(reverse("tickets:mine")) in words
    )


@pytest.mark.process("other programs read the paper")
def test_pdf_has_the_code_of_the_ticket(ticket, tmp_path):
    assert codes_of(pdf.render(ticket), tmp_path) == [signature.qr_text(ticket)]


@pytest.mark.process("other programs read the paper")
def test_pdf_is_in_the_language_of_the_reader(ticket):
    with translation.override("pl"):
        assert "Sobota, 11 grudnia 2027" in text_of(pdf.render(ticket))


@pytest.mark.process("other programs read the paper")
def test_pdf_times_are_in_the_zone_of_the_event(ticket):
    ticket.event.time_zone = "America/New_York"
    words = text_of(pdf.render(ticket))
    assert "12:00–16:00 (America/New York)" in words


@pytest.mark.process("other programs read the paper")
def test_pdf_shows_no_address_of_an_organizer_without_a_name(ticket):
    ticket.event.organizer.first_name = ticket.event.organizer.last_name = ""
    words = text_of(pdf.render(ticket))
    assert "presents" not in words and "@" not in words


@pytest.mark.process("other programs read the paper")
def test_pdf_prints_the_beginning_of_the_description(ticket):
    ticket.event.description = (
        "Bring an apron.\n\nŻółw, 東京 and мир.\n"
        + "Everything else is on the page. " * 60
        + "\nThe end"
    )
    paper = pdf.render(ticket)
    words = text_of(paper)
    assert "About Bring an apron. Żółw, 東京 and мир. Everything else is on the page." in words
    assert "…" in words and "The end" not in words
    assert missing_glyphs(paper) == []
    assert len(words_below(paper, 0.65)) > 60, "the lower half is no empty paper"


@pytest.mark.process("other programs read the paper")
@pytest.mark.parametrize(
    "letters", ["W" * 5_000, "wyjątkowo " * 900, "W\n" * 900, "W" * 70 + "\n" + "W" * 3_000]
)
@pytest.mark.parametrize("title", ["Night Print", "Wyjątkowo " * 20])
def test_pdf_with_a_long_description_has_one_page(ticket, title, letters):
    ticket.event.description = letters
    ticket.event.title = ticket.event.location = title
    paper = pdf.render(ticket)
    assert len(PdfReader(BytesIO(paper)).pages) == 1
    assert words_below(paper, 0.91)[:4] == ["Valid", "for", "one", "entry."]


@pytest.mark.process("other programs read the paper")
def test_pdf_with_a_long_name_has_one_page(ticket, tmp_path):
    ticket.event.description = "W" * 5_000
    ticket.event.title = ticket.event.location = "Wyjątkowo " * 20
    ticket.reservation.person.first_name, ticket.reservation.person.last_name = (
        "Brzęczyszczykiewicz-" * 7,
        "Z" * 150,
    )
    assert codes_of(pdf.render(ticket), tmp_path) == [signature.qr_text(ticket)]
    assert len(list(tmp_path.glob("page*.pgm"))) == 1
