"""The recipe of Clearcut's embedded model: labels, training, measuring, export."""
