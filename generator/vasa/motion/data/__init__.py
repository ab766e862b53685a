"""What the motion model learns from: talks of the studio, clips of one's own, and windows drawn from them."""
