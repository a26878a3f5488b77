"""Backups: taken in one snapshot, described by a manifest, restored whole, proven, held back."""
