"""The ground floor: clips, corpora and score tables; video and sound; splits and provenance; the studio."""
