"""Orders, invoices, credit notes and what customers pay, each fact with its posting."""
