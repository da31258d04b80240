"""The compared networks under PyTorch: module NAME has the network, its loss and its optimizer."""
