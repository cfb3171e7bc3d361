"""Nothing that people write makes the PDF renderer do anything but print."""

import mimetypes
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO

import pytest
from xhtml2pdf import pisa

from tests.support.pdf_tools import codes_of, text_of
from tests.tickets.paper import ticket_with_polish_letters
from tickets.ticket import pdf, signature

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
    return ticket_with_polish_letters()


@pytest.fixture
def seen():
    """What this thread asked of the network and of the disk, by Python's own audit events."""
    # Python reads the system's table of media types once in a process, whatever is printed first.
    mimetypes.init()
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
    """Even if markup got through and the callback failed, the policy alone opens nothing."""
    calls: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self):
            calls.append(self.path)

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    sources = (
        f'<img src="{here}/a.png"><img src="file:///etc/passwd"><img src="/etc/hostname">'
        f'<link rel="stylesheet" href="{here}/b.css">'
    )
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
