"""Labelled texts in folders and CSV files, and the labels that they make."""
