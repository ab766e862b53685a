"""One person's body: sliders, sculpture, skin grid, parts, clothes and the landmarks that ride on them."""
