"""What is where."""

from django.urls import path
from rest_framework_simplejwt.views import TokenBlacklistView, TokenObtainPairView, TokenObtainSlidingView, TokenVerifyView

from api import Echo, Me, Staff
from control import control, reset, stats, unthrottle
from refresh import Refresh, RefreshSliding

urlpatterns = [
    path("api/token/", TokenObtainPairView.as_view()),
    path("api/token/refresh/", Refresh.as_view()),
    path("api/token/blacklist/", TokenBlacklistView.as_view()),
    path("api/token/verify/", TokenVerifyView.as_view()),
    path("api/token/sliding/", TokenObtainSlidingView.as_view()),
    path("api/token/sliding/refresh/", RefreshSliding.as_view()),
    path("api/me", Me.as_view()),
    path("api/orders/", Me.as_view()),
    path("api/echo", Echo.as_view()),
    path("api/staff", Staff.as_view()),
    path("stats", stats),
    path("stats/reset", reset),
    path("control/unthrottle", unthrottle),
    path("control/<action>/<username>", control),
]
