"""The words everybody uses: frozen values, events, commands and ports."""
