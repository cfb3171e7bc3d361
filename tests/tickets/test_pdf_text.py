"""The text of the PDF in every script: fonts, shaping, direction, and letters without a font."""

import unicodedata
from io import BytesIO

import pytest
from xhtml2pdf import pisa

from tests.support.hard_texts import TEXTS
from tests.support.pdf_tools import fonts_of, missing_glyphs, text_of
from tests.tickets.paper import ticket_with_polish_letters
from tickets.ticket import lettering, pdf, shaping

pytestmark = [pytest.mark.django_db, pytest.mark.once(on="postgresql")]


@pytest.fixture
def ticket():
    return ticket_with_polish_letters()


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
    """The text of a PDF as people type it, without spaces and direction marks.

    A program that reads the page can only guess the spaces.
    """
    words = unicodedata.normalize("NFKC", text_of(pdf))
    return "".join(
        letter for letter in words if not letter.isspace() and unicodedata.category(letter) != "Cf"
    )


def pairs(texts):
    """Two of these texts for each paper: the event's and people's; with the first twice if odd."""
    found = [*texts, *texts]
    return [*zip(found[: len(texts) : 2], found[1::2], strict=False)]


def write(ticket, of_event, of_people):
    event, person = ticket.event, ticket.reservation.person
    event.title, event.location = of_event[:200], of_event[:200]
    event.organizer.first_name, event.organizer.last_name = of_people[:150], ""
    person.first_name, person.last_name = of_people[:150], ""


@pytest.mark.process("other programs read the paper")
@pytest.mark.parametrize(("of_event", "of_people"), pairs(SCRIPTS))
def test_pdf_prints_names_in_their_own_script(ticket, of_event, of_people):
    write(ticket, SCRIPTS[of_event], SCRIPTS[of_people])
    paper = pdf.render(ticket)
    assert missing_glyphs(paper) == []
    for script in (of_event, of_people):
        name = unicodedata.normalize("NFKC", SCRIPTS[script]).replace(" ", "")
        assert name in read_back(paper), text_of(paper)


def test_missing_glyph_is_found():
    """The other tests need this: a letter that the font does not have is drawn as a box."""
    font = pdf.FONTS / "InstrumentSans-Regular.ttf"
    face = f'@font-face {{ font-family: x; src: url("{font}"); }}'
    style = f"<style>{face} p {{ font-family: x; }}</style>"
    for text, missing in (("Ola", 0), ("O東a", 1)):
        out = BytesIO()
        pisa.CreatePDF(f"{style}<p>{text}</p>", dest=out)
        assert len(missing_glyphs(out.getvalue())) == missing


@pytest.mark.parametrize(("of_event", "of_people"), pairs(TEXTS))
def test_pdf_prints_no_box_for_any_text(ticket, of_event, of_people, caplog):
    write(ticket, TEXTS[of_event], TEXTS[of_people])
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


@pytest.mark.process("other programs read the paper")
def test_pdf_ignores_direction_marks(ticket):
    ticket.event.title = "Party \u202efdp.exe"
    assert "Party fdp.exe" in text_of(pdf.render(ticket))
