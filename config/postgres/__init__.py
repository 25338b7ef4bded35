"""Django's PostgreSQL backend with a pool that notices a restarted server at no cost."""
