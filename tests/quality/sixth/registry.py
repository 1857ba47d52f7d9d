"""Functions that write documents, in the order in which they stand."""


class Registry(list):
    """Each function with what its decorator says of it."""

    def __call__(self, *about):
        def add(function):
            self.append((function, *about))
            return function

        return add
