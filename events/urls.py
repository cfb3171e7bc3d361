from django.urls import path

from events.views import panel, public

app_name = "events"
urlpatterns = [
    path("", public.event_list, name="list"),
    path("events/<int:pk>/", public.detail, name="detail"),
    path("events/<int:pk>/calendar.ics", public.calendar, name="calendar"),
    path("organizer/", panel.event_list, name="panel"),
    path("organizer/events/new/", panel.new, name="new"),
    path("organizer/events/<int:pk>/", panel.live, name="live"),
    path("organizer/events/<int:pk>/edit/", panel.edit, name="edit"),
    path("organizer/events/<int:pk>/publish/", panel.publish, name="publish"),
    path("organizer/events/<int:pk>/duplicate/", panel.duplicate, name="duplicate"),
    path("organizer/events/<int:pk>/cancel/", panel.cancel, name="cancel"),
    path("organizer/events/<int:pk>/door-staff/", panel.add_door_staff, name="add_door_staff"),
    path(
        "organizer/door-staff/<int:pk>/remove/", panel.remove_door_staff, name="remove_door_staff"
    ),
]
