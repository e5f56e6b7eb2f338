"""The main job on real data: a shop's sales through the books, with every figure checked."""
