"""Methods that ask which places of a layer's maps speak for the class."""
