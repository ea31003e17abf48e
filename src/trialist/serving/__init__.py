"""What every surface that speaks HTTP stands on: the server and its workers, lanes, the state served, packing, the log."""
