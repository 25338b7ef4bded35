from django.urls import path

from catalog import views

app_name = "catalog"

urlpatterns = [
    path("", views.home, name="home"),
    path("c/", views.everything, name="all"),
    path("c/<slug:slug>/", views.category, name="category"),
    path("p/<slug:slug>/", views.product, name="product"),
    path("search/", views.search, name="search"),
    path("page/<slug:page>/", views.campaign, name="page"),
    path("page/<slug:page>/preview/", views.preview, name="preview"),
    path("viewed/", views.viewed, name="viewed"),
    path("viewed/forget/", views.forget, name="forget"),
    path("robots.txt", views.robots, name="robots"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
]
