"""Which roles may call an endpoint. Which rows they may touch, the permission querysets say."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class Organizer(BasePermission):
    """Organizers, and Admins, who may do everything."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.user.is_authenticated and request.user.is_organizer


class Admin(BasePermission):
    """Admins only."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.user.is_authenticated and request.user.is_admin
