"""Pictures: what a result looks like on the sky. Loads matplotlib and astropy, so only a worker that draws does."""
