"""The Language service's custom text classification, with both protocols behind one set of methods and types."""
