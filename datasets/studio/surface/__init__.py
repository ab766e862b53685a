"""What skin and eyes look like: colour maps, pores, lines, marks, irises."""
