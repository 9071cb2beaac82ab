"""What a person sees in a terminal: a face on View and Control, drawn line by line."""
