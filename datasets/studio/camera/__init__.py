"""The camera and what it sees behind the person: projection, exposure, sensor, rooms."""
