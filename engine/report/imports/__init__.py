"""Logs of other programs, read into what a run is made of: event files of TensorBoard, tables of curves."""
