"""The ticket on paper: what stands on it, and that nothing people write makes the renderer do anything but print."""

import sys
import threading
import unicodedata
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import translation
from pypdf import PdfReader
from xhtml2pdf import pisa

from tests.support.factories import make_event, make_organizer, make_person, make_reservation
from tests.support.hard_texts import TEXTS
from tests.support.pdf_tools import codes_of, fonts_of, missing_glyphs, text_of, words_below
from tickets.models import Ticket
from tickets.ticket import lettering, pdf, shaping, signature

pytestmark = [pytest.mark.django_db, pytest.mark.once(on="postgresql")]

ATTACKS = {
    "markup": '<script>alert(1)</script><h1>x</h1></td></table><pdf:nextpage><img src="http://127.0.0.1:9/x">',
    "entities": "&lt;b&gt; &amp; &#x1F3AB; &nbsp;",
    "template": "{{ settings.SECRET_KEY }} {% include 'mail/base.html' %}",
    "file": '<img src="file:///etc/passwd"><link rel="stylesheet" href="/etc/hosts">',
    "style": '"}</style><style>@import url(http://127.0.0.1:9/x.css); body{background:url(http://127.0.0.1:9/y)}',
    "direction": "\u202egnirts eht\u202c \u2066x\u2069 \u200f\u200e\ufeff",
    "control": "a\x00b\x07c\x1bd\r\ne\tf",
    "emoji": "👩‍👩‍👧‍👦🎫🇵🇱 \U0010ffff",
    "other scripts": "Олена Αθήνα 東京 مرحبا नमस्ते",
    "a long word": "W" * 10_000,
    "many words": "żółw " * 2_000,
    "combining": "Z" + "\u0301" * 5_000,
    "nothing": "",
}


@pytest.fixture
def ticket():
    event = make_event(
        title="Zażółć gęślą jaźń",
        location="Ruska 46c, Wrocław",
        organizer=make_organizer("Łucja Śliwińska"),
        start_time=datetime(2027, 12, 11, 17, 0, tzinfo=UTC),
        hue="cherry",
    )
    reservation = make_reservation(event, make_person("Maja Wiśniewska-Źdźbło"), status="confirmed")
    return Ticket.objects.select_related("event__organizer", "reservation__person").get(
        reservation=reservation
    )


@pytest.fixture
def seen():
    """What this thread asked of the network and of the disk, by Python's own audit events."""
    watching.events = []
    yield watching.events
    watching.events = None


class Watching(threading.local):
    events: list[str] | None = None

    def __call__(self, event: str, args: tuple) -> None:
        if self.events is not None and (
            event.startswith(("socket.", "urllib.", "subprocess.", "os.system")) or event == "open"
        ):
            self.events.append(f"{event} {args[0] if event == 'open' else ''}".strip())


watching = Watching()
sys.addaudithook(watching)


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
def test_pdf_embeds_its_fonts(ticket):
    fonts = fonts_of(pdf.render(ticket))
    # reportlab begins each page with Helvetica, which every reader has, and writes nothing in it.
    assert fonts == {
        "InstrumentSans-Regular": True,
        "InstrumentSans-Bold": True,
        "Helvetica": False,
    }


# How names are written; whatever has a font is printed as it is.
SCRIPTS = {
    "Polish": "Zażółć Gęślą",
    "Vietnamese": "Nguyễn Thị Hương",
    "Yoruba": "Adébáyọ̀ Ọlátúnjí",
    "Azeri": "Əliyev Pərvanə",
    "Hausa": "Ɓala Ɗan Ƙofa Ƴar",
    "Sami and Esperanto": "Ŧeŋŋ Ĉaŭ Ĝoĥo Ĵuŝ",
    "pinyin": "Lǐ Nǚ Sǔn",
    "Hawaiian": "Kaʻahumanu",
    "Greek": "Αθήνα Παπαδοπούλου",
    "Cyrillic": "Олена Ґалаґан",
    "Armenian": "Հայկ Պետրոսյան",
    "Georgian": "ნინო ბერიძე",
    "Hebrew": "דוד כהן",
    "Arabic": "محمد الأحمد",
    "Persian": "پروین گل",
    "Hindi": "श्रीमती कीर्ति",
    "Bengali": "রবীন্দ্রনাথ ঠাকুর",
    "Punjabi": "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ",
    "Gujarati": "શ્રી ગાંધી",
    "Oriya": "ଓଡ଼ିଆ",
    "Tamil": "கோவிந்தராஜன் தமிழ்",
    "Telugu": "శ్రీనివాస తెలుగు",
    "Kannada": "ಕನ್ನಡ ಶ್ರೀ",
    "Malayalam": "മലയാളം ശ്രീ",
    "Sinhala": "සිංහල",
    "Thai": "สมชาย น้ำทิพย์",
    "Lao": "ສົມສັກ",
    "Burmese": "မြန်မာ",
    "Amharic": "አበበ በቂላ",
    "Khmer": "ព្រះ ខ្មែរ",
    "Japanese": "東京 ひろし タワー",
    "Korean": "김철수 서울",
    "simplified Chinese": "王丽 图书馆",
    "traditional Chinese": "國家圖書館",
    "signs": "₺ ₹ ₴ № ½ ² ≤ ≥ ± → ★ ✓ ′ ″ € © ™",
}


def read_back(pdf):
    """The words of a PDF in the letters that people type, without spaces, which a reader of the page guesses, and signs of direction."""
    words = unicodedata.normalize("NFKC", text_of(pdf))
    return "".join(
        letter for letter in words if not letter.isspace() and unicodedata.category(letter) != "Cf"
    )


@pytest.mark.process("other programs read the paper")
@pytest.mark.parametrize("script", SCRIPTS)
def test_pdf_prints_a_name_in_its_own_script(ticket, script):
    ticket.reservation.person.first_name, ticket.reservation.person.last_name = SCRIPTS[script], ""
    ticket.event.title = ticket.event.location = ticket.event.organizer.first_name = SCRIPTS[script]
    ticket.event.organizer.last_name = ""
    paper = pdf.render(ticket)
    assert missing_glyphs(paper) == []
    name = unicodedata.normalize("NFKC", SCRIPTS[script]).replace(" ", "")
    assert read_back(paper).count(name) >= 2, text_of(paper)


def test_missing_glyph_is_found():
    """What the tests above rely on: the renderer draws a box for a letter that the font does not have, and they see it."""
    style = f'<style>@font-face {{ font-family: x; src: url("{pdf.FONTS / "InstrumentSans-Regular.ttf"}"); }} p {{ font-family: x; }}</style>'
    for text, missing in (("Ola", 0), ("O東a", 1)):
        out = BytesIO()
        pisa.CreatePDF(f"{style}<p>{text}</p>", dest=out)
        assert len(missing_glyphs(out.getvalue())) == missing


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_pdf_prints_no_box_for_any_text(ticket, text, caplog):
    ticket.event.title, ticket.event.location = text[:200], text[:200]
    ticket.event.organizer.first_name = ticket.reservation.person.first_name = text[:150]
    assert missing_glyphs(pdf.render(ticket)) == []
    assert caplog.records == []


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("Café\u202f12\u2009m² – X\u2011Y\u00a0Z", "Café 12 m² – X-Y Z"),
        ("Party 🎉 now 👩\u200d👩\u200d👧", "Party now"),
        ("🇵🇱 Polska", "PL Polska"),
        ("𝓐𝓫𝓬 ①② ﬁn", "Abc ①② ﬁn"),
        ("a" + "\u0308" * 50 + "b", "ä" + "\u0308" * 4 + "b"),
        ("Night 𒀀𒀁 Print", "Night Print"),
        ("\u200b\u2060", ""),
    ],
)
def test_pdf_replaces_letters_without_a_font_by_readable_ones(written, printed):
    assert lettering.readable(written) == printed


@pytest.mark.process("other programs read the paper")
def test_pdf_prints_the_address_for_a_name_without_a_font(ticket):
    person = ticket.reservation.person
    person.first_name, person.last_name = "𒀀𒀁", "Nowak"
    paper = pdf.render(ticket)
    assert person.email in text_of(paper) and missing_glyphs(paper) == []


@pytest.mark.process("other programs read the paper")
def test_pdf_prints_an_address_of_usual_length_in_one_line(ticket):
    person = ticket.reservation.person
    person.first_name, person.last_name, person.email = "𒀀𒀁", "Nowak", "olga.nowak@example.org"
    assert person.email in text_of(pdf.render(ticket))


@pytest.mark.process("other programs read the paper")
def test_pdf_prints_the_link_for_a_title_without_a_font(ticket):
    ticket.event.title, ticket.event.location = "🎉🎉", "𒀀"
    words = read_back(pdf.render(ticket))
    assert (
        words.count(pdf.address(ticket.event.get_absolute_url())) == 2
        and "Seetheevent’spage" in words
    )


@pytest.mark.process("other programs read the paper")
def test_pdf_begins_right_to_left_text_at_the_right(ticket):
    ticket.event.title = "مهرجان 2027: ورشة (مجاني)"
    facts = pdf.facts(ticket)
    assert (facts["title"].direction, facts["guest"].direction) == ("rtl", "ltr")
    words = read_back(pdf.render(ticket))
    assert all(word in words for word in ("مهرجان", "2027", "ورشة", "مجاني"))


def test_pdf_shapes_a_syllable_and_keeps_its_text():
    font = shaping.ShapedFont("try", pdf.FONTS / "NotoSansDevanagari-Bold.ttf")
    drawn = font.shaped("कि")
    assert len(drawn) == 2 and [font._meaning[ord(letter)] for letter in drawn] == ["कि", ""]
    glyphs = [font.face.charToGlyph[ord(letter)] for letter in drawn]
    assert glyphs[0] != font.face.charToGlyph[ord("क")], "the vowel comes first"
    assert font.shaped("कि") == drawn, "remembered"


def test_font_cache_has_a_limit(monkeypatch):
    monkeypatch.setattr(shaping, "MOST_MEANINGS", 3)
    font = shaping.ShapedFont("try", pdf.FONTS / "NotoSansThai-Bold.ttf")
    for letter in "กขคงจกขคงจ":
        font.shaped(letter + "\u0e31")
    assert len(font._private) <= 3 + 6


def test_pdf_has_a_language_and_a_title(ticket):
    with translation.override("pl"):
        reader = PdfReader(BytesIO(pdf.render(ticket)))
    assert reader.root_object["/Lang"] == "pl" and reader.metadata.title == f"Bilet {ticket.code}"


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
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_pdf_only_prints_what_people_write(ticket, attack, seen, capfd, tmp_path):
    ticket.event.title = ticket.event.location = ticket.event.description = attack
    ticket.event.organizer.first_name = ticket.reservation.person.first_name = attack
    paper = pdf.render(ticket)
    assert [event for event in seen if not event.startswith("open")] == []
    assert not [event for event in seen if "/etc/" in event]
    assert paper.startswith(b"%PDF") and b"/JavaScript" not in paper and b"/URI" not in paper
    assert codes_of(paper, tmp_path) == [signature.qr_text(ticket)]
    assert ticket.code in text_of(paper)
    assert capfd.readouterr() == ("", ""), "the renderer's complaints quote the ticket"


@pytest.mark.process("other programs read the paper")
def test_pdf_prints_markup_as_text(ticket):
    ticket.event.title = "<b>{{ 7 }}</b> &amp; {% now %}"
    assert "<b>{{ 7 }}</b> &amp; {% now %}" in text_of(pdf.render(ticket))


@pytest.mark.process("other programs read the paper")
def test_pdf_ignores_direction_marks(ticket):
    ticket.event.title = "Party \u202efdp.exe"
    assert "Party fdp.exe" in text_of(pdf.render(ticket))


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
    assert len(list(tmp_path.glob("page*.png"))) == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/x.png",
        "https://example.org/InstrumentSans-Regular.ttf",
        "file:///etc/passwd",
        "/etc/passwd",
        "../pdf.py",
        "../fonts/InstrumentSans-Regular.ttf",
        "x/../InstrumentSans-Regular.ttf",
        "data:image/svg+xml,<svg/>",
        "data:text/css,body{}",
        "",
    ],
)
def test_pdf_renderer_reads_only_our_fonts(address):
    assert pdf.only_ours(address, None) == pdf.NOTHING
    assert pdf.only_ours("InstrumentSans-Bold.ttf", None) == str(
        pdf.FONTS / "InstrumentSans-Bold.ttf"
    )


def test_pdf_renderer_has_a_second_policy(seen):
    """Were markup ever to slip through and the callback to fail, the policy alone still opens nothing."""
    calls: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self):
            calls.append(self.path)

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    sources = f'<img src="{here}/a.png"><img src="file:///etc/passwd"><link rel="stylesheet" href="{here}/b.css"><img src="/etc/hostname">'
    del seen[:]
    pisa.CreatePDF(
        sources + f"<style>@import url({here}/c.css);</style><p>x</p>",
        dest=BytesIO(),
        resource_policy=pdf.POLICY,
    )
    server.shutdown()
    server.server_close()
    assert calls == []
    assert [event for event in seen if not event.startswith("open") or "/etc/" in event] == []
