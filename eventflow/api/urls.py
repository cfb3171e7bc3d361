"""The addresses of the API: the documented ones, and those that older clients call."""

from django.urls import path

from eventflow.api.views import docs, door, events, reservations, users

app_name = "api"
urlpatterns = [
    # users
    path("users/register/", users.Register.as_view(), name="register"),
    path("users/activate/<str:token>/", users.Activate.as_view(), name="activate"),
    path("login/", users.Login.as_view(), name="login"),
    path("token/", users.Token.as_view(), name="token"),
    path("users/login/", users.Login.as_view(), name="users_login"),
    path("token/refresh/", users.Refresh.as_view(), name="refresh"),
    path("users/refresh/", users.Refresh.as_view(), name="users_refresh"),
    path("users/me/", users.Me.as_view(), name="me"),
    path("users/admin/users/", users.People.as_view(), name="people"),
    path(
        "users/admin/users/<int:pk>/set-organizer/",
        users.SetOrganizer.as_view(),
        name="set_organizer",
    ),
    path("users/admin/users/<int:pk>/role/", users.Role.as_view(), name="role"),
    # events
    path("events/", events.Events.as_view(), name="events"),
    path("events/<int:pk>/", events.OneEvent.as_view(), name="event"),
    path("events/<int:pk>/availability/", events.Availability.as_view(), name="availability"),
    path("events/is-organizer/", events.IsOrganizer.as_view(), name="is_organizer"),
    path("events/organizer/events/create/", events.CreateEvent.as_view(), name="create_event"),
    path("events/organizer/my-events-list/", events.MyEvents.as_view(), name="my_events"),
    path("events/organizer/metrics/", events.Metrics.as_view(), name="metrics"),
    path("events/organizer/<int:pk>/edit/", events.EditEvent.as_view(), name="edit_event"),
    path("events/organizer/<int:pk>/publish/", events.PublishEvent.as_view(), name="publish_event"),
    path("events/organizer/<int:pk>/cancel/", events.CancelEvent.as_view(), name="cancel_event"),
    # reservations
    path("events/<int:pk>/register/", reservations.Reserve.as_view(), name="reserve"),
    path("my-reservations/", reservations.MyReservations.as_view(), name="my_reservations"),
    path(
        "events/<int:pk>/my-reservation/",
        reservations.MyReservation.as_view(),
        name="my_reservation",
    ),
    path("events/<int:pk>/participants/", reservations.Participants.as_view(), name="participants"),
    path(
        "organizer/reservations/",
        reservations.OrganizerReservations.as_view(),
        name="organizer_reservations",
    ),
    path("reservations/<int:pk>/status/", reservations.Decide.as_view(), name="decide"),
    path("reservations/<int:pk>/", reservations.OneReservation.as_view(), name="reservation"),
    path("reservations/<int:pk>/ticket/", reservations.Ticket.as_view(), name="ticket"),
    # check-in
    path("door/events/", door.DoorEvents.as_view(), name="door_events"),
    path("organizer/reservations/<path:ref>/inspect/", door.Inspect.as_view(), name="inspect"),
    path("reservations/<path:ref>/inspect/", door.Inspect.as_view(), name="inspect_short"),
    path("reservations/<path:ref>/check-in/", door.CheckIn.as_view(), name="check_in"),
    path(
        "reservations/<path:ref>/check-in/undo/", door.UndoCheckIn.as_view(), name="undo_check_in"
    ),
    # the documentation
    path("schema/", docs.schema, name="schema"),
    path("schema/swagger-ui/", docs.swagger_ui, name="swagger_ui"),
    path("schema/redoc/", docs.redoc, name="redoc"),
    path("docs/", docs.moved, {"to": "swagger_ui"}, name="docs"),
    path("redoc/", docs.moved, {"to": "redoc"}, name="short_redoc"),
]
