"""What the repository needs beside the product: servers for tests and demo, generated documents, checks."""
