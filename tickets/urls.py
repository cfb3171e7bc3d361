"""The addresses of reservations, tickets, the queue and check-in."""

from django.urls import path

from tickets.views import attendee, export, messages, ticket
from tickets.views.checkin import conflicts, gates, pages, phone
from tickets.views.queue import many, one
from tickets.views.queue.page import queue

app_name = "tickets"
urlpatterns = [
    # the guest
    path("events/<int:pk>/reserve/", attendee.reserve, name="reserve"),
    path("events/<int:pk>/reservation/", attendee.card, name="card"),
    path("reservations/", attendee.mine, name="mine"),
    path("reservations/<int:pk>/cancel/", attendee.cancel, name="cancel"),
    path("reservations/leave/<str:token>/", attendee.leave, name="leave"),
    path("reservations/<int:pk>/ticket/", ticket.ticket, name="ticket"),
    path("reservations/<int:pk>/ticket.pdf", ticket.ticket_pdf, name="ticket_pdf"),
    path("reservations/<int:pk>/ticket.svg", ticket.ticket_qr, name="ticket_qr"),
    # the organizer
    path("organizer/events/<int:pk>/queue/", queue, name="queue"),
    path("organizer/events/<int:pk>/queue/confirm/", many.confirm_many, name="confirm_many"),
    path("organizer/events/<int:pk>/queue/next/", many.confirm_next, name="confirm_next"),
    path("organizer/events/<int:pk>/queue/reject/", many.reject_many, name="reject_many"),
    path("organizer/events/<int:pk>/queue/undo/", many.undo_many, name="undo_many"),
    path("organizer/events/<int:pk>/messages/", messages.write, name="messages"),
    path("organizer/messages/<int:pk>/withdraw/", messages.withdraw, name="withdraw_message"),
    path("organizer/events/<int:pk>/conflicts/", conflicts.conflicts, name="conflicts"),
    path("organizer/scans/<int:pk>/settle/", conflicts.settle, name="settle"),
    path("organizer/scans/<int:pk>/unsettle/", conflicts.unsettle, name="unsettle"),
    path("organizer/events/<int:pk>/arrivals/", pages.arrivals, name="arrivals"),
    path("organizer/events/<int:pk>/export.csv", export.as_csv, name="export_csv"),
    path("organizer/events/<int:pk>/export.xlsx", export.as_xlsx, name="export_xlsx"),
    path("organizer/reservations/<int:pk>/confirm/", one.confirm, name="confirm"),
    path("organizer/reservations/<int:pk>/reject/", one.reject, name="reject"),
    path("organizer/reservations/<int:pk>/undo/", one.undo, name="undo"),
    path("organizer/reservations/<int:pk>/note/", one.note, name="note"),
    path("organizer/events/<int:pk>/doors/", gates.gates_page, name="doors"),
    path("organizer/gates/<int:pk>/", gates.gate, name="gate"),
    path("organizer/gates/<int:pk>/link.svg", gates.gate_qr, name="gate_qr"),
    path("organizer/gates/<int:pk>/revoke/", gates.revoke, name="revoke_gate"),
    path("organizer/devices/<int:pk>/end/", gates.end, name="end_device"),
    # check-in
    path("door/<str:token>/", gates.gate_link, name="stand"),
    path("organizer/events/<int:pk>/check-in/", pages.check_in, name="check_in"),
    path("organizer/events/<int:pk>/check-in/ready/", pages.ready, name="ready"),
    path("organizer/events/<int:pk>/check-in/device/", phone.device, name="device"),
    path("organizer/events/<int:pk>/check-in/readings/", phone.readings, name="readings"),
    path("organizer/events/<int:pk>/check-in/guests/", phone.guest_list, name="guest_list"),
    path("organizer/events/<int:pk>/check-in/worker.js", phone.worker, name="door_worker"),
    path(
        "organizer/events/<int:pk>/check-in/app.webmanifest", phone.manifest, name="door_manifest"
    ),
    path("organizer/events/<int:pk>/check-in/sample.png", phone.sample, name="sample"),
    path("organizer/events/<int:pk>/check-in/search/", pages.search, name="door_search"),
    path("organizer/reservations/<int:pk>/check-in/", pages.admit, name="admit"),
    path("organizer/reservations/<int:pk>/check-in/undo/", pages.undo, name="undo_check_in"),
]
