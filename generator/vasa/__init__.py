"""A VASA-style generator: one portrait to an appearance, and any pose and any facial dynamics put on it.

Window coordinates, used in every module: the face window spans [-1, 1], x to the right, y down, z towards the viewer.
"""
