"""Visits that lost their time: what takes it, what is proposed, and the approval."""
