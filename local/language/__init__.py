"""The Language service on one machine: custom text classification over its wire protocols, with a real classifier."""
