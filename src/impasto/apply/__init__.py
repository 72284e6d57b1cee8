"""Painting with a trained network: one pass, one picture or many."""
