from __future__ import annotations

from django.urls import path

from monolith.checkout import views

app_name = "checkout"
urlpatterns = [
    path("", views.start, name="start"),
    path("address/", views.address, name="address"),
    path("payment/", views.payment, name="payment"),
    path("review/", views.review, name="review"),
]
