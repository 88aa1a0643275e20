"""Tests in processes of their own: real commits, real concurrency, real kills."""
