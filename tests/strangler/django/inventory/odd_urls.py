"""A URLconf with everything that Django lets people write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import login_required, permission_required, user_passes_test
from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin, UserPassesTestMixin
from django.db.transaction import non_atomic_requests
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path, register_converter
from django.utils.decorators import method_decorator
from django.utils.functional import lazy
from django.utils.translation import get_language
from django.views.decorators.cache import cache_page, never_cache
from django.views.decorators.common import no_append_slash
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_safe
from django.views.generic import FormView, RedirectView, TemplateView, View
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.viewsets import ViewSet

__all__ = ["urlpatterns"]


class YearConverter:
    regex = "[0-9]{4}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return f"{value:04}"


register_converter(YearConverter, "inventory-year")


def plain(request: HttpRequest, **_: Any) -> HttpResponse:
    return HttpResponse()


async def waiting(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@non_atomic_requests
def apart(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def branching(request: HttpRequest) -> HttpResponse:
    if request.method in ("PUT", "DELETE"):
        return HttpResponse(status=204)
    return HttpResponse(request.POST.get("x", ""))


def audited(view_func: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A decorator of somebody who does not know functools.wraps."""

    def inner(*args: Any, **kwargs: Any) -> HttpResponse:
        return view_func(*args, **kwargs)

    return inner


def members_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def inner(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return view(request, **kwargs) if request.user.is_authenticated else HttpResponse(status=403)

    return inner


@contextmanager
def quietly() -> Iterator[None]:
    yield


class Answering:
    def __call__(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


@method_decorator([never_cache, login_required], name="dispatch")
class Decorated(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


class Private(LoginRequiredMixin, FormView):  # type: ignore[type-arg]
    pass


class Permitted(PermissionRequiredMixin, TemplateView):
    permission_required = "x.y"


class Ruled(PermissionRequiredMixin, TemplateView):
    def has_permission(self) -> bool:
        return True


class Tested(UserPassesTestMixin, TemplateView):
    def test_func(self) -> bool:
        return bool(self.request.user.is_staff)


class Generic(View):
    """Puts its handlers in place by itself, as some generic views do."""

    @classmethod
    def as_view(cls, actions: Any = None, **initkwargs: Any) -> Any:
        def view(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            return HttpResponse(str(actions))

        view.view_class = cls  # type: ignore[attr-defined]
        return view


class Things(ViewSet):
    permission_classes = (IsAuthenticated,)

    def list(self, request: Request) -> Response:
        return Response()

    def create(self, request: Request) -> Response:
        return Response()

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response()

    @action(detail=True, methods=["post"], permission_classes=[AllowAny])
    def approve(self, request: Request, pk: str) -> Response:
        return Response()


@api_view(["GET", "POST"])
@permission_classes([IsAuthenticated])
def counted(request: Request) -> Response:
    return Response()


router = DefaultRouter()
router.register("things", Things, basename="thing")


def _basket() -> str:
    return {"de": "warenkorb/"}.get(get_language() or "", "basket/")


nested = [
    path("<int:id>/", plain, name="one"),
    path("years/<inventory-year:year>/", plain, name="year"),
]

urlpatterns = [
    path("plain/", plain, name="plain"),
    path("noslash", plain),
    path("kept/", no_append_slash(plain)),
    path("waiting/", waiting),
    path("branching/", branching),
    path("get/", require_GET(plain)),
    path("safe/", csrf_exempt(require_safe(plain))),
    path("both/", require_http_methods(["GET", "POST"])(require_http_methods(["POST", "PUT"])(plain))),
    path("cached/", cache_page(90)(plain)),
    path("signed-in/", login_required(plain)),
    path("permitted/", permission_required("x.y")(plain)),
    path("tested/", user_passes_test(lambda user: user.is_staff)(plain)),
    path("tried/", user_passes_test(lambda user: True)(plain)),
    path("staff/", staff_member_required(plain)),
    path("members/", members_only(plain)),
    path("audited/", audited(plain)),
    path("apart/", apart),
    path("quiet/", quietly()(plain)),
    path("partial/", partial(plain, colour="red")),
    path("instance/", Answering()),
    path("redirect/", RedirectView.as_view(url="/")),
    path("template/", TemplateView.as_view(template_name="x.html")),
    path("narrow/", TemplateView.as_view(http_method_names=["get"])),
    path("decorated/", Decorated.as_view()),
    path("private/", Private.as_view()),
    path("permitted-class/", Permitted.as_view()),
    path("ruled/", Ruled.as_view()),
    path("tested-class/", Tested.as_view()),
    path("generic/", Generic.as_view()),
    path("acting/", Generic.as_view(actions={"get": "listed", "post": "made"})),
    re_path(r"^old/(?P<slug>[\w-]+)/(?P<page>\d+)?$", plain, name="old"),
    re_path(r"^open-ended/", plain),
    path("admin/", admin.site.urls),
    path("api/", include(router.urls)),
    path("api/counted/", counted),
    path("outer/", include((nested, "inner"), namespace="outer")),
    path("itself/", include((nested, "inner"), namespace="second")),
    *i18n_patterns(
        path("spoken/", plain, name="spoken"),
        path(lazy(_basket, str)(), plain, name="basket"),
        prefix_default_language=False,
    ),
    path("<path:rest>", plain, name="rest"),
]
