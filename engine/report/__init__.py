"""Reports and exports: what users take home."""
