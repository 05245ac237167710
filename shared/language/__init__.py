"""The Language service's custom text classification, in both of its protocols behind one set of methods and types."""
