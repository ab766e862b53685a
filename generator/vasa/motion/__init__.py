"""Stage two of `vasa`: a voice to holistic motion, pose and rig together, by a diffusion transformer.

Motion is what a head does against its own rest, whoever it is: `space` has its columns. Everything runs at 25 frames a
second and is read off at a clip's own rate at the end.
"""
