"""The addresses of the public event pages and of the organizer's panel."""

from django.urls import path

from events.views import editor, live_page, panel, public

app_name = "events"
urlpatterns = [
    path("", public.event_list, name="list"),
    path("events/<int:pk>/", public.detail, name="detail"),
    path("events/<int:pk>/calendar.ics", public.calendar, name="calendar"),
    path("organizer/", panel.event_list, name="panel"),
    path("organizer/events/new/", editor.new, name="new"),
    path("organizer/events/<int:pk>/", live_page.live, name="live"),
    path("organizer/events/<int:pk>/edit/", editor.edit, name="edit"),
    path("organizer/events/<int:pk>/publish/", editor.publish, name="publish"),
    path("organizer/events/<int:pk>/duplicate/", editor.duplicate, name="duplicate"),
    path("organizer/events/<int:pk>/cancel/", editor.cancel, name="cancel"),
    path("organizer/events/<int:pk>/door-staff/", live_page.add_door_staff, name="add_door_staff"),
    path(
        "organizer/door-staff/<int:pk>/remove/",
        live_page.remove_door_staff,
        name="remove_door_staff",
    ),
]
