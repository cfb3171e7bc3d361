"""The authorization matrix: who gets what at every address of the site, page and API alike.

The rows are the routes that Django's resolver knows. One that is missing from MATRIX fails, and so
does one that is gone. To add a route, add its line: decide who may open it, write the eight
answers, and let the test tell you where you and the code disagree. It is long because every route
has its lines.
"""

import logging
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from events import services as events
from tests.eventflow.api.clients import access_token_of
from tests.eventflow.api.event_data import fields
from tests.support.check_in import scan
from tests.support.factories import (
    make_admin,
    make_event,
    make_organizer,
    make_person,
    make_reservation,
)
from tickets.checkin import devices, gates
from tickets.messages import announcements
from tickets.queue.decisions import reject

pytestmark = [pytest.mark.django_db, pytest.mark.once(on="postgresql")]
USERS, ORGANIZERS = ["user", "other user"], ["organizer", "other organizer"]
PEOPLE = ["anonymous", *USERS, *ORGANIZERS, "door staff", "other staff", "admin"]
METHODS = ["get", "post", "put", "patch", "delete"]
# What is asked for where an empty body would only be refused as one.
BODIES = {
    "api/events/organizer/events/create/": fields(),
    "api/events/organizer/<int:pk>/edit/": fields(),
    "api/reservations/<int:pk>/status/": {"status": "rejected"},
    "api/users/admin/users/<int:pk>/role/": {"role": "organizer"},
    "api/users/admin/users/<int:pk>/set-organizer/": {"is_organizer": True},
    "administration/roles/<int:pk>/": {"role": "organizer"},
}
# Three prefixes have rules of their own: Django's admin is for Admins (the last test); the page of
# mails exists in a trial only; under api/v1/ the same views answer as without it.
ELSEWHERE = ("admin/", "dev/mail/", "api/v1/")
# allauth's, which answer any method.
ANY_METHOD = ("accounts/", "^accounts/password")
# The method, the thing of `world` that the address is about, the route, and a status for each of
# PEOPLE. `login`: sent to the log-in page.
MATRIX = r"""
METHOD THING  ROUTE                                                                anon. user  user2 org.  org.2 staff staf2 admin
GET    -      /                                                                    200   200   200   200   200   200   200   200
GET    event  /events/<int:pk>/                                                    200   200   200   200   200   200   200   200
GET    draft  /events/<int:pk>/                                                    404   404   404   200   404   404   404   200
GET    event  /events/<int:pk>/calendar.ics                                        200   200   200   200   200   200   200   200
GET    draft  /events/<int:pk>/calendar.ics                                        404   404   404   200   404   404   404   200
GET    -      /organizer/                                                          login 403   403   200   200   403   403   200
GET    -      /organizer/events/new/                                               login 403   403   200   200   403   403   200
POST   -      /organizer/events/new/                                               login 403   403   422   422   403   403   422
GET    event  /organizer/events/<int:pk>/                                          login 403   403   200   404   403   403   200
GET    draft  /organizer/events/<int:pk>/                                          login 403   403   200   404   403   403   200
GET    event  /organizer/events/<int:pk>/edit/                                     login 403   403   200   404   403   403   200
POST   event  /organizer/events/<int:pk>/edit/                                     login 403   403   422   404   403   403   422
GET    draft  /organizer/events/<int:pk>/edit/                                     login 403   403   200   404   403   403   200
POST   draft  /organizer/events/<int:pk>/edit/                                     login 403   403   422   404   403   403   422
POST   event  /organizer/events/<int:pk>/publish/                                  login 403   403   302   404   403   403   302
POST   draft  /organizer/events/<int:pk>/publish/                                  login 403   403   302   404   403   403   302
POST   event  /organizer/events/<int:pk>/duplicate/                                login 403   403   302   404   403   403   302
GET    event  /organizer/events/<int:pk>/export.csv                                login 403   403   200   404   403   403   200
GET    event  /organizer/events/<int:pk>/export.xlsx                               login 403   403   200   404   403   403   200
POST   event  /organizer/events/<int:pk>/queue/undo/                               login 403   403   302   404   403   403   302
GET    event  /organizer/events/<int:pk>/conflicts/                                login 403   403   200   404   403   403   200
POST   scan   /organizer/scans/<int:pk>/settle/                                    login 403   403   302   404   403   403   302
POST   scan   /organizer/scans/<int:pk>/unsettle/                                  login 403   403   302   404   403   403   302
GET    event  /organizer/events/<int:pk>/arrivals/                                 login 403   403   302   404   403   403   302
GET    event  /organizer/events/<int:pk>/messages/                                 login 403   403   200   404   403   403   200
POST   event  /organizer/events/<int:pk>/messages/                                 login 403   403   422   404   403   403   422
POST   said   /organizer/messages/<int:pk>/withdraw/                               login 403   403   302   404   403   403   302
GET    event  /organizer/events/<int:pk>/cancel/                                   login 403   403   200   404   403   403   200
POST   event  /organizer/events/<int:pk>/cancel/                                   login 403   403   200   404   403   403   200
GET    draft  /organizer/events/<int:pk>/cancel/                                   login 403   403   200   404   403   403   200
POST   draft  /organizer/events/<int:pk>/cancel/                                   login 403   403   200   404   403   403   200
POST   event  /organizer/events/<int:pk>/door-staff/                               login 403   403   422   404   403   403   422
POST   draft  /organizer/events/<int:pk>/door-staff/                               login 403   403   422   404   403   403   422
POST   helper /organizer/door-staff/<int:pk>/remove/                               login 403   403   302   404   403   403   302
GET    event  /events/<int:pk>/reserve/                                            login 302   302   302   302   302   302   302
POST   event  /events/<int:pk>/reserve/                                            login 302   302   302   302   302   302   302
GET    draft  /events/<int:pk>/reserve/                                            login 404   404   302   404   404   404   302
POST   draft  /events/<int:pk>/reserve/                                            login 404   404   302   404   404   404   302
GET    event  /events/<int:pk>/reservation/                                        302   302   302   302   302   302   302   302
GET    draft  /events/<int:pk>/reservation/                                        404   404   404   302   404   404   404   302
GET    -      /reservations/                                                       login 200   200   200   200   200   200   200
GET    seat   /reservations/<int:pk>/cancel/                                       login 200   404   404   404   404   404   404
POST   seat   /reservations/<int:pk>/cancel/                                       login 302   404   404   404   404   404   404
GET    place  /reservations/<int:pk>/cancel/                                       login 200   404   404   404   404   404   404
POST   place  /reservations/<int:pk>/cancel/                                       login 302   404   404   404   404   404   404
GET    -      /reservations/leave/<str:token>/                                     404   404   404   404   404   404   404   404
POST   -      /reservations/leave/<str:token>/                                     404   404   404   404   404   404   404   404
GET    seat   /reservations/<int:pk>/ticket/                                       login 200   404   404   404   404   404   404
GET    place  /reservations/<int:pk>/ticket/                                       login 404   404   404   404   404   404   404
GET    seat   /reservations/<int:pk>/ticket.pdf                                    login 200   404   404   404   404   404   404
GET    place  /reservations/<int:pk>/ticket.pdf                                    login 404   404   404   404   404   404   404
GET    seat   /reservations/<int:pk>/ticket.svg                                    login 200   404   404   404   404   404   404
GET    place  /reservations/<int:pk>/ticket.svg                                    login 404   404   404   404   404   404   404
GET    event  /organizer/events/<int:pk>/queue/                                    login 403   403   200   404   403   403   200
GET    draft  /organizer/events/<int:pk>/queue/                                    login 403   403   200   404   403   403   200
POST   event  /organizer/events/<int:pk>/queue/confirm/                            login 403   403   302   404   403   403   302
POST   draft  /organizer/events/<int:pk>/queue/confirm/                            login 403   403   302   404   403   403   302
POST   event  /organizer/events/<int:pk>/queue/next/                               login 403   403   302   404   403   403   302
POST   draft  /organizer/events/<int:pk>/queue/next/                               login 403   403   302   404   403   403   302
POST   event  /organizer/events/<int:pk>/queue/reject/                             login 403   403   200   404   403   403   200
POST   draft  /organizer/events/<int:pk>/queue/reject/                             login 403   403   200   404   403   403   200
GET    seat   /organizer/reservations/<int:pk>/reject/                             login 403   403   200   404   403   403   200
GET    place  /organizer/reservations/<int:pk>/reject/                             login 403   403   200   404   403   403   200
POST   seat   /organizer/reservations/<int:pk>/confirm/                            login 403   403   302   404   403   403   302
POST   place  /organizer/reservations/<int:pk>/confirm/                            login 403   403   302   404   403   403   302
POST   seat   /organizer/reservations/<int:pk>/reject/                             login 403   403   302   404   403   403   302
POST   place  /organizer/reservations/<int:pk>/reject/                             login 403   403   302   404   403   403   302
POST   seat   /organizer/reservations/<int:pk>/undo/                               login 403   403   302   404   403   403   302
POST   place  /organizer/reservations/<int:pk>/undo/                               login 403   403   302   404   403   403   302
GET    place  /organizer/reservations/<int:pk>/note/                               login 403   403   200   404   403   403   200
POST   place  /organizer/reservations/<int:pk>/note/                               login 403   403   302   404   403   403   302
GET    event  /organizer/events/<int:pk>/check-in/                                 login 404   404   200   404   200   404   200
POST   event  /organizer/events/<int:pk>/check-in/                                 login 404   404   409   404   409   404   409
GET    draft  /organizer/events/<int:pk>/check-in/                                 login 404   404   200   404   404   404   200
POST   draft  /organizer/events/<int:pk>/check-in/                                 login 404   404   409   404   404   404   409
GET    event  /organizer/events/<int:pk>/check-in/ready/                           login 404   404   200   404   200   404   200
POST   event  /organizer/events/<int:pk>/check-in/ready/                           login 404   404   200   404   200   404   200
POST   event  /organizer/events/<int:pk>/check-in/device/                          login 404   404   200   404   200   404   200
POST   event  /organizer/events/<int:pk>/check-in/readings/                        401   401   401   401   401   401   401   401
GET    event  /organizer/events/<int:pk>/check-in/guests/                          401   401   401   401   401   401   401   401
GET    -      /organizer/events/<int:pk>/check-in/worker.js                        200   200   200   200   200   200   200   200
GET    event  /organizer/events/<int:pk>/check-in/app.webmanifest                  login 404   404   200   404   200   404   200
GET    event  /organizer/events/<int:pk>/check-in/sample.png                       login 404   404   200   404   200   404   200
GET    event  /organizer/events/<int:pk>/doors/                                    login 403   403   200   404   403   403   200
POST   event  /organizer/events/<int:pk>/doors/                                    login 403   403   422   404   403   403   422
GET    gate   /organizer/gates/<int:pk>/                                           login 403   403   200   404   403   403   200
GET    gate   /organizer/gates/<int:pk>/link.svg                                   login 403   403   200   404   403   403   200
POST   gate   /organizer/gates/<int:pk>/revoke/                                    login 403   403   302   404   403   403   302
POST   phone  /organizer/devices/<int:pk>/end/                                     login 403   403   302   404   403   403   302
GET    -      /door/<str:token>/                                                   404   404   404   404   404   404   404   404
POST   -      /door/<str:token>/                                                   404   404   404   404   404   404   404   404
GET    event  /organizer/events/<int:pk>/check-in/search/                          login 404   404   200   404   200   404   200
GET    draft  /organizer/events/<int:pk>/check-in/search/                          login 404   404   200   404   404   404   200
POST   seat   /organizer/reservations/<int:pk>/check-in/                           login 404   404   200   404   200   404   200
POST   place  /organizer/reservations/<int:pk>/check-in/                           login 404   404   409   404   404   404   409
POST   seat   /organizer/reservations/<int:pk>/check-in/undo/                      login 404   404   409   404   409   404   409
POST   place  /organizer/reservations/<int:pk>/check-in/undo/                      login 404   404   409   404   404   404   409
GET    -      /activate/<path:key>/                                                400   400   400   400   400   400   400   400
POST   -      /activate/<path:key>/                                                400   400   400   400   400   400   400   400
GET    -      /accounts/activation/                                                200   200   200   200   200   200   200   200
POST   -      /accounts/activation/                                                422   422   422   422   422   422   422   422
GET    -      /accounts/not-me/<str:token>/                                        400   400   400   400   400   400   400   400
POST   -      /accounts/not-me/<str:token>/                                        400   400   400   400   400   400   400   400
GET    -      /accounts/sessions/                                                  login 200   200   200   200   200   200   200
POST   -      /accounts/sessions/end/                                              login 302   302   302   302   302   302   302
POST   person /accounts/sessions/<int:pk>/end/                                     login 404   404   404   404   404   404   404
GET    -      /accounts/settings/                                                  login 200   200   200   200   200   200   200
POST   -      /accounts/settings/                                                  login 200   200   200   200   200   200   200
GET    -      /accounts/settings/delete/                                           login 200   200   200   200   200   200   200
POST   -      /accounts/settings/delete/                                           login 302   302   302   302   302   302   302
GET    -      /accounts/settings/data/                                             login 302   302   302   302   302   302   302
GET    -      /accounts/settings/data.json                                         login 302   302   302   302   302   302   302
GET    -      /accounts/2fa/                                                     login 200   200   200   200   200   200   200
GET    -      /accounts/2fa/authenticate/                                        login 302   302   302   302   302   302   302
GET    -      /accounts/2fa/reauthenticate/                                      login 302   302   302   302   302   302   302
GET    -      /accounts/2fa/totp/activate/                                       login 302   302   302   302   302   302   302
POST   -      /accounts/2fa/totp/activate/                                       login 302   302   302   302   302   302   302
GET    -      /accounts/2fa/totp/deactivate/                                     login 404   404   404   404   404   404   404
POST   -      /accounts/2fa/totp/deactivate/                                     login 404   404   404   404   404   404   404
GET    -      /accounts/2fa/recovery-codes/                                      login 404   404   404   404   404   404   404
GET    -      /accounts/2fa/recovery-codes/generate/                             login 302   302   302   302   302   302   302
POST   -      /accounts/2fa/recovery-codes/generate/                             login 302   302   302   302   302   302   302
GET    -      /accounts/2fa/recovery-codes/download/                             login 404   404   404   404   404   404   404
GET    -      /accounts/2fa/webauthn/                                            login 200   200   200   200   200   200   200
GET    -      /accounts/2fa/webauthn/add/                                        login 302   302   302   302   302   302   302
POST   -      /accounts/2fa/webauthn/add/                                        login 302   302   302   302   302   302   302
GET    -      /accounts/2fa/webauthn/reauthenticate/                             login 302   302   302   302   302   302   302
GET    -      /accounts/2fa/webauthn/keys/<int:pk>/remove/                       login 302   302   302   302   302   302   302
POST   -      /accounts/2fa/webauthn/keys/<int:pk>/remove/                       login 302   302   302   302   302   302   302
GET    -      /accounts/2fa/webauthn/keys/<int:pk>/edit/                         login 302   302   302   302   302   302   302
POST   -      /accounts/2fa/webauthn/keys/<int:pk>/edit/                         login 302   302   302   302   302   302   302
GET    -      /accounts/2fa/webauthn/login/                                      login 302   302   302   302   302   302   302
POST   -      /accounts/2fa/webauthn/login/                                      login 302   302   302   302   302   302   302
GET    -      /administration/roles/                                               login 403   403   403   403   403   403   200
POST   person /administration/roles/<int:pk>/                                      login 403   403   403   403   403   403   302
POST   -      /i18n/setlang/                                                       302   302   302   302   302   302   302   302
GET    -      /accounts/signup/                                                    200   302   302   302   302   302   302   302
POST   -      /accounts/signup/                                                    200   302   302   302   302   302   302   302
GET    -      /^accounts/confirm-email/(?P<key>.+)/$                               400   400   400   400   400   400   400   400
POST   -      /^accounts/confirm-email/(?P<key>.+)/$                               400   400   400   400   400   400   400   400
GET    -      /accounts/login/                                                     200   302   302   302   302   302   302   302
POST   -      /accounts/login/                                                     200   302   302   302   302   302   302   302
GET    -      /accounts/logout/                                                    302   200   200   200   200   200   200   200
POST   -      /accounts/logout/                                                    302   302   302   302   302   302   302   302
GET    -      /accounts/inactive/                                                  200   200   200   200   200   200   200   200
GET    -      /accounts/reauthenticate/                                            login 200   200   200   200   200   200   200
POST   -      /accounts/reauthenticate/                                            login 200   200   200   200   200   200   200
GET    -      /accounts/email/                                                     login 200   200   200   200   200   200   200
POST   -      /accounts/email/                                                     login 302   302   302   302   302   302   302
GET    -      /accounts/confirm-email/                                             200   200   200   200   200   200   200   200
GET    -      /accounts/password/change/                                           login 200   200   200   200   200   200   200
POST   -      /accounts/password/change/                                           login 200   200   200   200   200   200   200
GET    -      /accounts/password/set/                                              login 302   302   302   302   302   302   302
POST   -      /accounts/password/set/                                              login 302   302   302   302   302   302   302
GET    -      /accounts/password/reset/                                            200   200   200   200   200   200   200   200
POST   -      /accounts/password/reset/                                            200   200   200   200   200   200   200   200
GET    -      /accounts/login/code/confirm/                                        login 302   302   302   302   302   302   302
POST   -      /accounts/login/code/confirm/                                        login 302   302   302   302   302   302   302
GET    -      /accounts/^confirm-email/(?P<key>[-:\w]+)/$                          400   400   400   400   400   400   400   400
POST   -      /accounts/^confirm-email/(?P<key>[-:\w]+)/$                          400   400   400   400   400   400   400   400
GET    -      /accounts/password/reset/key/done/                                   200   200   200   200   200   200   200   200
GET    -      /accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$ 200   200   200   200   200   200   200   200
GET    -      /^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$ 200   200   200   200   200   200   200   200
POST   -      /accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$ 200   200   200   200   200   200   200   200
POST   -      /^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$ 200   200   200   200   200   200   200   200
GET    -      /accounts/password/reset/done/                                       200   200   200   200   200   200   200   200
POST   -      /api/users/register/                                                 400   400   400   400   400   400   400   400
GET    -      /api/users/activate/<str:token>/                                     400   400   400   400   400   400   400   400
POST   -      /api/login/                                                          400   400   400   400   400   400   400   400
DELETE -      /api/token/                                                          401   200   200   200   200   200   200   200
POST   -      /api/token/                                                          400   400   400   400   400   400   400   400
POST   -      /api/users/login/                                                    400   400   400   400   400   400   400   400
POST   -      /api/token/refresh/                                                  400   400   400   400   400   400   400   400
POST   -      /api/users/refresh/                                                  400   400   400   400   400   400   400   400
GET    -      /api/users/me/                                                       401   200   200   200   200   200   200   200
GET    -      /api/users/admin/users/                                              401   403   403   403   403   403   403   200
PATCH  person /api/users/admin/users/<int:pk>/set-organizer/                       401   403   403   403   403   403   403   200
PATCH  person /api/users/admin/users/<int:pk>/role/                                401   403   403   403   403   403   403   200
GET    -      /api/events/                                                         200   200   200   200   200   200   200   200
GET    event  /api/events/<int:pk>/                                                200   200   200   200   200   200   200   200
GET    draft  /api/events/<int:pk>/                                                404   404   404   200   404   404   404   200
GET    event  /api/events/<int:pk>/availability/                                   200   200   200   200   200   200   200   200
GET    draft  /api/events/<int:pk>/availability/                                   404   404   404   200   404   404   404   200
GET    -      /api/events/is-organizer/                                            401   200   200   200   200   200   200   200
POST   -      /api/events/organizer/events/create/                                 401   403   403   201   201   403   403   201
GET    -      /api/events/organizer/my-events-list/                                401   403   403   200   200   403   403   200
GET    -      /api/events/organizer/metrics/                                       401   403   403   200   200   403   403   200
GET    event  /api/events/organizer/<int:pk>/edit/                                 401   403   403   200   403   403   403   200
PUT    event  /api/events/organizer/<int:pk>/edit/                                 401   403   403   200   403   403   403   200
PUT    draft  /api/events/organizer/<int:pk>/edit/                                 401   403   403   200   403   403   403   200
PATCH  event  /api/events/organizer/<int:pk>/edit/                                 401   403   403   200   403   403   403   200
GET    draft  /api/events/organizer/<int:pk>/edit/                                 401   403   403   200   403   403   403   200
PATCH  draft  /api/events/organizer/<int:pk>/edit/                                 401   403   403   200   403   403   403   200
POST   event  /api/events/organizer/<int:pk>/publish/                              401   403   403   200   403   403   403   200
POST   draft  /api/events/organizer/<int:pk>/publish/                              401   403   403   200   403   403   403   200
POST   event  /api/events/organizer/<int:pk>/cancel/                               401   403   403   200   403   403   403   200
POST   draft  /api/events/organizer/<int:pk>/cancel/                               401   403   403   200   403   403   403   200
POST   event  /api/events/<int:pk>/register/                                       401   400   201   201   201   201   201   201
POST   draft  /api/events/<int:pk>/register/                                       401   404   404   400   404   404   404   400
GET    -      /api/my-reservations/                                                401   200   200   200   200   200   200   200
GET    event  /api/events/<int:pk>/my-reservation/                                 401   200   200   200   200   200   200   200
GET    draft  /api/events/<int:pk>/my-reservation/                                 401   404   404   200   404   404   404   200
GET    event  /api/events/<int:pk>/participants/                                   401   403   403   200   403   403   403   200
GET    draft  /api/events/<int:pk>/participants/                                   401   403   403   200   403   403   403   200
GET    -      /api/organizer/reservations/                                         401   403   403   200   200   403   403   200
GET    -      /api/door/events/                                                    401   200   200   200   200   200   200   200
PATCH  seat   /api/reservations/<int:pk>/status/                                   401   403   403   400   403   403   403   400
PATCH  place  /api/reservations/<int:pk>/status/                                   401   403   403   200   403   403   403   200
GET    seat   /api/reservations/<int:pk>/                                          401   200   404   200   404   200   404   200
GET    place  /api/reservations/<int:pk>/                                          401   200   404   200   404   404   404   200
DELETE seat   /api/reservations/<int:pk>/                                          401   200   404   404   404   404   404   404
DELETE place  /api/reservations/<int:pk>/                                          401   200   404   404   404   404   404   404
GET    seat   /api/reservations/<int:pk>/ticket/                                   401   200   404   404   404   404   404   404
GET    place  /api/reservations/<int:pk>/ticket/                                   401   404   404   404   404   404   404   404
GET    seat   /api/organizer/reservations/<path:ref>/inspect/                      401   403   403   200   403   200   403   200
GET    place  /api/organizer/reservations/<path:ref>/inspect/                      401   403   403   200   403   403   403   200
GET    seat   /api/reservations/<path:ref>/inspect/                                401   403   403   200   403   200   403   200
GET    place  /api/reservations/<path:ref>/inspect/                                401   403   403   200   403   403   403   200
POST   seat   /api/reservations/<path:ref>/check-in/                               401   403   403   200   403   200   403   200
POST   place  /api/reservations/<path:ref>/check-in/                               401   403   403   400   403   403   403   400
POST   seat   /api/reservations/<path:ref>/check-in/undo/                          401   403   403   400   403   400   403   400
POST   place  /api/reservations/<path:ref>/check-in/undo/                          401   403   403   400   403   403   403   400
GET    -      /api/schema/                                                         200   200   200   200   200   200   200   200
GET    -      /api/schema/swagger-ui/                                              200   200   200   200   200   200   200   200
GET    -      /api/schema/redoc/                                                   200   200   200   200   200   200   200   200
GET    -      /api/docs/                                                           308   308   308   308   308   308   308   308
GET    -      /api/redoc/                                                          308   308   308   308   308   308   308   308
GET    -      /offline/                                                            200   200   200   200   200   200   200   200
GET    -      /service-worker.js                                                   200   200   200   200   200   200   200   200
GET    -      /health/                                                             200   200   200   200   200   200   200   200
"""


def lines() -> dict[tuple[str, str, str], list[str]]:
    """{(method, thing, route): [status of each of PEOPLE]}"""
    table = {}
    for line in MATRIX.strip().splitlines()[1:]:
        method, thing, route, *statuses = line.split()
        assert len(statuses) == len(PEOPLE), line
        line_of = (method.lower(), thing, route.removeprefix("/"))
        assert line_of not in table, line
        table[line_of] = statuses
    return table


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern, route)


@pytest.fixture
def staff() -> dict[str, User]:
    return {name: make_person() for name in ("door staff", "other staff")}


@pytest.fixture
def people(staff: dict[str, User]) -> dict[str, User | None]:
    """{name: person} of PEOPLE."""
    users = {name: make_person() for name in USERS}
    organizers = {name: make_organizer() for name in ORGANIZERS}
    return {"anonymous": None, **users, **organizers, **staff, "admin": make_admin()}


@pytest.fixture
def world(people: dict[str, Any], staff: dict[str, User]) -> dict[str, Any]:
    """{thing: object} of one event and everything around it; `user` has a seat and a reservation.

    The other organizer has an event with door staff, too.
    """
    organizer, user = people["organizer"], people["user"]
    event, queue = make_event(organizer=organizer), make_event(organizer=organizer)
    draft = make_event(organizer=organizer, status="draft")
    seat = make_reservation(event, user, status="confirmed")
    rejected = make_reservation(event, status="confirmed")
    reject(rejected, by=organizer)
    void = rejected.tickets.get().code
    gate = gates.add_gate(event, name="Entrance A", by=organizer)
    elsewhere = make_event(organizer=people["other organizer"])
    helper, _ = (
        events.add_door_staff(place, email=person.email, by=place.organizer)
        for place, person in zip((event, elsewhere), staff.values(), strict=True)
    )
    words = {"subject": "Parking", "body": "Behind the hall."}
    return {
        "event": event,
        "draft": draft,
        "seat": seat,
        "place": make_reservation(queue, user),
        "helper": helper,
        "said": announcements.send(
            event, audience="confirmed", **words, key=uuid.uuid4(), by=organizer
        ),
        "scan": scan(event, void, nonce="n-1", by=organizer, let_in=True).scan,
        "gate": gate,
        "phone": devices.register(event, gate=gate, called="Kuba"),
        "person": make_admin(),
    }


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS = False


@pytest.fixture(autouse=True)
def quiet():
    """Log nothing: some hundred refusals would each write a traceback."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def keys(people):
    """{name: (token, session cookie)} of everybody who can log in."""
    found = {}
    for who, person in people.items():
        if person:
            browser = Client()
            browser.force_login(person)
            found[who] = (access_token_of(person), browser.cookies["sessionid"].value)
    return found


def address(route, thing, world):
    url = "/" + re.sub(r"[$^]|\\Z", "", route)
    url = re.sub(r"<int:pk>|<path:ref>", str(world[thing].pk) if thing in world else "1", url)
    return re.sub(r"\(\?P<\w+>[^)]*\)|<\w+:\w+>", "x", url)


def ask(method, thing, route, who, world, keys):
    """Return the status that this person gets. What the request changed is undone."""
    client, body = Client(raise_request_exception=False), BODIES.get(route, {})
    sent: dict[str, Any] = {} if method == "get" else {"data": body}
    with transaction.atomic():
        if route.startswith("api/"):
            sent |= {"content_type": "application/json"} if sent else {}
            sent["headers"] = {"Authorization": f"Bearer {keys[who][0]}"} if who in keys else {}
        elif who in keys:
            client.cookies["sessionid"] = keys[who][1]
        if method in {"patch", "delete"} and "content_type" not in sent:
            sent = {}
        answer = getattr(client, method)(address(route, thing, world), **sent)
        transaction.set_rollback(True)
    to_login = answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
    # Who filled a form in keeps it, beside the link to the log-in page.
    to_login |= answer.status_code == 401 and 'href="/accounts/login/?next=' in answer.text
    return "login" if to_login else str(answer.status_code)


def test_matrix_knows_every_route_and_no_other():
    known = {route for _method, _thing, route in lines()}
    there = {route for route in routes() if not route.startswith(ELSEWHERE)}
    assert there - known == set(), "These routes have no line in MATRIX: say who may."
    assert known - there == set(), "These lines of MATRIX lead nowhere any more."


def test_answers_are_those_of_the_matrix(world, keys):
    table = lines()
    told = {line: [ask(*line, who, world, keys) for who in PEOPLE] for line in table}
    wrong = {
        line: dict(zip(PEOPLE, told[line], strict=True))
        for line in table
        if told[line] != table[line]
    }
    assert wrong == {}


def test_methods_without_a_row_in_the_matrix_change_nothing(world, keys):
    named = {(method, route) for method, _thing, route in lines()}
    thing_of = {route: thing for _method, thing, route in lines()}
    done = [
        (method, route, who, status)
        for route, thing in thing_of.items()
        if not route.startswith(ANY_METHOD)
        for method in METHODS
        if (method, route) not in named
        for who in ("anonymous", "admin")
        if (status := ask(method, thing, route, who, world, keys))
        not in {"405", "403", "401", "404", "login"}
    ]
    assert done == []


def test_djangos_admin_is_for_admins(people):
    pages = {
        re.sub(r"\(\?P<\w+>[^)]*\)\$?|<\w+:\w+>", "1", f"/{route}")
        for route in routes()
        if route.startswith("admin/")
    }
    assert len(pages) > 20
    for who, person in people.items():
        client = Client()
        if person:
            client.force_login(person)
        if who != "admin":
            inside = {page for page in pages if client.get(page).status_code not in {301, 302, 404}}
            assert inside == {"/admin/login/", "/admin/jsi18n/"} & inside
    assert client.get("/admin/").status_code == 200


def test_versioned_addresses_are_the_same_views_and_no_others():
    views = {
        str(route): view for route, view in views_of(get_resolver()) if route.startswith("api/")
    }
    versioned = {route: view for route, view in views.items() if route.startswith("api/v1/")}
    plain = {route: view for route, view in views.items() if route not in versioned}
    assert {route.replace("api/v1/", "api/", 1): view for route, view in versioned.items()} == plain


def views_of(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route, pattern.callback
        else:
            yield from views_of(pattern, route)


def test_page_stays_when_a_button_is_pressed_after_the_session_ended(world):
    """With a script nothing is swapped: the typed text stays, under a toast.

    Without a script: tests/eventflow/form_drafts/.
    """
    pages = ("2fa", "reauthenticate", "email", "password", "login")
    secrets = tuple(f"accounts/{page}/" for page in pages)
    lost, sent = [], 0
    for (method, thing, route), statuses in lines().items():
        if method != "post" or statuses[0] != "login" or route.startswith(secrets):
            continue
        sent += 1
        url, typed = address(route, thing, world), {"note": "Vegan, by the window"}
        answer = Client().post(url, typed, headers={"HX-Request": "true"})
        if (answer.status_code, answer.get("HX-Reswap")) != (401, "none"):
            lost.append((route, answer.status_code))
    assert lost == []
    assert sent > 25
