"""Sales files: read line by line, gathered into documents, led through orders and invoices."""
