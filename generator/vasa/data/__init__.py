"""Where training pictures come from: the studio, or video that the user has."""
