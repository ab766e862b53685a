"""Whether a face moves as its voice sounds: lips and sound (SyncNet-style), head and sound (CAPP-style).

`measures` and `hearing` turn landmarks and sound into numbers 25 times a second, `network` embeds both, `scores` says
how well they agree; `talks` and `fit` make the weights that ship. No pixels are looked at.
"""
