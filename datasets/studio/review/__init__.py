"""Looking at the result: contact sheets and outside judges."""
