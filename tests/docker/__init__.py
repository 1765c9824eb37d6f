"""What can be proved of docker/ without a container engine."""
