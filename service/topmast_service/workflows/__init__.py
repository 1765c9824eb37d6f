"""What the service does, told with the words of the rooms below."""
