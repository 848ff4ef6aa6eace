"""Protobuf and JSON on one side, the domain on the other."""
