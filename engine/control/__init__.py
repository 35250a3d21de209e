"""Launching, following and steering runs: the async Engine, the worker process and its context, the queue."""
