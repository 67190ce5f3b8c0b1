"""The control room as a person has it: in a browser, before a proxy that serves customers."""
