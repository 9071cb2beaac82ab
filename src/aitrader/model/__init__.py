"""The words everybody uses: frozen values, events, commands, ports. Imports nothing of the house."""
