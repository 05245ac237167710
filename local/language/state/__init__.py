"""What the service stores: frozen records, tables on disk, trained models, the texts and the labels files."""
