from __future__ import annotations

from django.urls import URLPattern, path

from monolith.payments.api import views

urlpatterns: list[URLPattern] = [
    path("payments/webhook/", views.PaymentWebhook.as_view(), name="api-payment-webhook"),
    path("payments/<slug:reference>/", views.PaymentDetail.as_view(), name="api-payment"),
    path("payments/<slug:reference>/refund/", views.PaymentRefund.as_view(), name="api-payment-refund"),
]
