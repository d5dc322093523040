"""One file for each schema, with what makes it of the one before; none changes once released."""
