from __future__ import annotations

from django.urls import path

from monolith.orders import views

app_name = "orders"
urlpatterns = [
    path("", views.history, name="history"),
    path("<slug:number>/", views.order, name="order"),
    path("<slug:number>/cancel/", views.cancel, name="cancel"),
    path("<slug:number>/invoice/", views.invoice, name="invoice"),
    path("<slug:number>/events/", views.order_events, name="events"),
]
