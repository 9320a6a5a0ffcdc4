"""Runs peers in processes of their own and judges what they report."""
