"""Driver: Celery."""
