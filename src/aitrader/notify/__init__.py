"""What happens, told to a person's phone or to another program."""
