"""Health page and metrics."""

from config.settings.environment import env

# Prometheus reads /metrics with this bearer token; empty means loopback only.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
PROMETHEUS_EXPORT_MIGRATIONS = False
