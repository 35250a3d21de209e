"""Methods that show which places of a layer's maps support the class."""
